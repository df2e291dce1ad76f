use crate::diag::Failure;

/// The receivers of the readiness message: none on this system.
#[derive(Debug)]
pub(crate) struct Readiness;

impl Readiness {
    pub(crate) fn new(number: Option<i32>) -> Result<Self, Failure> {
        match number {
            None => Ok(Self),
            Some(_) => Err(Failure::Unsupported {
                option: "--ready-fd",
                why: "Windows has no numbered descriptors; --ready-file reports that clients can connect",
            }),
        }
    }

    #[expect(clippy::unnecessary_wraps, reason = "other systems can fail")]
    pub(crate) fn notify(self, _: &str) -> Result<(), Failure> {
        Ok(())
    }
}
