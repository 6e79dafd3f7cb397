//! What callers may use up, and the look at a body before it is parsed.
//!
//! Invariant: the look at a body reads each byte once and keeps nothing; what it lets through can
//! be parsed without deep recursion or long arithmetic.

use std::time::Duration;

use super::refusal::Refusal;

/// What callers may use up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of a body that is read whole. Imports and other streams have none.
    pub body_size_bytes_max: usize,
    /// How deep arrays and objects may lie in each other.
    pub json_depth_max: usize,
    /// Characters of one number.
    pub number_size_max: usize,
    /// The time of one call, from its headers to its answer. Streams have none.
    pub request_time_max: Duration,
    /// The time in which something of a stream or an answer must move.
    pub idle_time_max: Duration,
    /// The time from the end of one call to the end of the next one's headers.
    pub header_time_max: Duration,
    /// Connections open at the same time at one door.
    pub connections_max: usize,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            body_size_bytes_max: 16 << 20,
            json_depth_max: 64,
            number_size_max: 64,
            request_time_max: Duration::from_secs(30),
            idle_time_max: Duration::from_secs(60),
            header_time_max: Duration::from_secs(10),
            connections_max: 256,
        }
    }
}

impl Limits {
    /// Returns the limits for commands of the same user: they may take as long and send as much as
    /// they could if they held the ledger themselves.
    pub fn trusted() -> Limits {
        let hour = Duration::from_secs(3600);
        Limits {
            body_size_bytes_max: 256 << 20,
            request_time_max: hour,
            idle_time_max: hour,
            connections_max: 1024,
            ..Limits::default()
        }
    }

    /// Looks at a body that should be JSON.
    pub(super) fn check(&self, body: &[u8]) -> Result<(), Refusal> {
        let (mut depth, mut number) = (0usize, 0usize);
        let (mut quoted, mut escaped) = (false, false);
        for byte in body {
            if quoted {
                (quoted, escaped) = match byte {
                    _ if escaped => (true, false),
                    b'\\' => (true, true),
                    b'"' => (false, false),
                    _ => (true, false),
                };
                continue;
            }
            match byte {
                b'0'..=b'9' | b'+' | b'-' | b'.' | b'e' | b'E' => {
                    number += 1;
                    if number > self.number_size_max {
                        return Err(Refusal::NumberTooLong { max: self.number_size_max });
                    }
                    continue;
                }
                b'"' => quoted = true,
                b'[' | b'{' => {
                    depth += 1;
                    if depth > self.json_depth_max {
                        return Err(Refusal::TooDeep { max: self.json_depth_max });
                    }
                }
                b']' | b'}' => depth = depth.saturating_sub(1),
                _ => {}
            }
            number = 0;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(body: &str, code: Option<&str>) {
        let refused = Limits::default().check(body.as_bytes()).err();
        let told = refused.map(|refusal| refusal.code().entry().code);
        assert_eq!(told, code, "{}", &body[..body.len().min(60)]);
    }

    #[test]
    fn depth_and_digits_have_an_end() {
        check("{\"a\": [1, 2.5e-7, {\"b\": \"[[[[\\\"[[[\"}]}", None);
        check(&format!("{}{}", "[".repeat(64), "]".repeat(64)), None);
        check(&"[{".repeat(33), Some("json_too_deep"));
        check(&"[".repeat(1 << 20), Some("json_too_deep"));
        check(&format!("[{}]", "1".repeat(64)), None);
        check(&format!("[-{}]", "1".repeat(10 << 20)), Some("number_too_long"));
        check(&format!("\"{}\"", "1".repeat(100)), None);
        check(&"1 ".repeat(100), None);
    }
}
