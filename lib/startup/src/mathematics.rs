//! The mathematical functions of C that the program uses, so that it needs no `libm.so.6`.
//!
//! Only the plots of `lsock bench` compute with them, but the dynamic loader would load that library at
//! each start (`ld.so(8)`), which takes a fifth of the time of a short connection. The linker takes a
//! function from a shared library only if the program does not define it.

/// Defines functions of C with one or two arguments.
macro_rules! define {
    ($($name:ident($($argument:ident),+) -> $number:ty;)+) => {$(
        // SAFETY: this is C's function of this name, with its arguments and its result.
        #[unsafe(no_mangle)]
        extern "C" fn $name($($argument: $number),+) -> $number {
            libm::$name($($argument),+)
        }
    )+};
}

// Programs without optimisation also use functions that are never called.
define! {
    cos(x) -> f64;
    hypotf(x, y) -> f32;
    log(x) -> f64;
    log10(x) -> f64;
    log2(x) -> f64;
    pow(x, y) -> f64;
    sin(x) -> f64;
}

#[cfg(test)]
mod tests {
    use std::{f64::consts::PI, hint::black_box};

    /// The standard library calls the functions of C.
    #[test]
    fn the_functions_compute_what_their_names_say() {
        let [two, thousand] = [2.0, 1000.0].map(black_box);
        let computed = [
            f64::powf(two, 10.0),
            f64::ln(thousand),
            f64::log10(thousand),
            f64::log2(two),
            f64::sin(PI / two),
            f64::cos(PI * two),
            f64::from(f32::hypot(black_box(3.0), 4.0)),
        ];
        let expected = [1024.0, 6.907_755_278_982_137, 3.0, 1.0, 1.0, 1.0, 5.0];
        for (computed, expected) in computed.into_iter().zip(expected) {
            assert!((computed - expected).abs() < 1e-12, "{computed} is not {expected}");
        }
    }
}
