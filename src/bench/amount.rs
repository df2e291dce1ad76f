use serde::{Deserialize, Serialize};
use std::{
    fmt::{self, Display, Formatter},
    time::Duration,
};

/// How much one run measures after its warm-up, all clients together.
#[derive(Copy, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Amount {
    /// As much as possible within this time.
    #[serde(rename = "seconds", with = "seconds")]
    Time(Duration),
    /// This many bytes (in each direction).
    Bytes(u64),
    /// This many messages or connections.
    Messages(u64),
    /// Everything that external clients send.
    #[serde(rename = "until-clients-end")]
    UntilClientsEnd,
}

/// The form that `--explain` and reports show.
impl Display for Amount {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Time(time) => write!(f, "{}", humantime::format_duration(*time)),
            Self::Bytes(bytes) => write!(f, "{bytes} bytes"),
            Self::Messages(count) => write!(f, "{count} messages or connections"),
            Self::UntilClientsEnd => f.write_str("what clients send"),
        }
    }
}

/// Serializes durations as a number of seconds.
pub(super) mod seconds {
    use serde::{Deserialize as _, Deserializer, Serializer};
    use std::time::Duration;

    pub(in crate::bench) fn serialize<S: Serializer>(
        time: &Duration,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(time.as_secs_f64())
    }

    pub(in crate::bench) fn deserialize<'a, D: Deserializer<'a>>(
        deserializer: D,
    ) -> Result<Duration, D::Error> {
        Duration::try_from_secs_f64(f64::deserialize(deserializer)?)
            .map_err(serde::de::Error::custom)
    }
}
