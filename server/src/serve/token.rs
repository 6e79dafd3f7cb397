//! The token that callers over TCP show: made once from randomness, kept in a file of its own.
//!
//! Invariant: the file is readable by its owner alone, the token is printed nowhere, and comparing
//! one takes the same time whatever it is.

use std::fmt;
use std::fs;
use std::io::{self, Write as _};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// The randomness of a token.
const TOKEN_RANDOM_BYTES: usize = 32;
/// The fewest characters a token may have that somebody put into the file by hand.
const TOKEN_SIZE_MIN: usize = 32;

/// What a caller must show. Only its digest is kept in memory.
#[derive(Clone)]
pub struct Token([u8; 32]);

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(set)")
    }
}

/// Why there is no token.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TokenError {
    /// The file could not be read or made.
    #[error("the token's file {path} could not be used")]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// Others could read it.
    #[error("the token's file {path} can be read by others")]
    Open {
        /// The file.
        path: PathBuf,
    },
    /// It holds no token.
    #[error("the token's file {path} holds no token of {TOKEN_SIZE_MIN} characters or more")]
    Short {
        /// The file.
        path: PathBuf,
    },
}

impl Token {
    /// Takes a token.
    pub fn new(token: &str) -> Token {
        Token(Sha256::digest(token.trim().as_bytes()).into())
    }

    /// Reads the token from its file, or makes both; `fill` gives randomness.
    ///
    /// # Errors
    /// [`TokenError`].
    pub fn at(path: &Path, fill: &mut dyn FnMut(&mut [u8])) -> Result<Token, TokenError> {
        let failed = |source| TokenError::File { path: path.to_owned(), source };
        match fs::read_to_string(path) {
            Ok(text) => {
                let mode = fs::metadata(path).map_err(failed)?.permissions().mode();
                if mode & 0o077 != 0 {
                    return Err(TokenError::Open { path: path.to_owned() });
                }
                if text.trim().len() < TOKEN_SIZE_MIN {
                    return Err(TokenError::Short { path: path.to_owned() });
                }
                Ok(Token::new(&text))
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let mut random = [0; TOKEN_RANDOM_BYTES];
                fill(&mut random);
                let text: String = random.iter().map(|byte| format!("{byte:02x}")).collect();
                make(path, &text).map_err(failed)?;
                Ok(Token::new(&text))
            }
            Err(error) => Err(failed(error)),
        }
    }

    /// Tells whether a caller shows this token.
    pub(super) fn is(&self, shown: &str) -> bool {
        self.0.ct_eq(&Token::new(shown).0).into()
    }
}

fn make(path: &Path, text: &str) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let mut options = fs::OpenOptions::new();
    let mut file = options.write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(text.as_bytes())?;
    file.write_all(b"\n")?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_made_once_and_kept_to_its_owner() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state/token");
        let made = Token::at(&path, &mut |bytes| bytes.fill(7)).unwrap();
        let text = fs::read_to_string(&path).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        let read = Token::at(&path, &mut |_| panic!("made again")).unwrap();
        assert!(made.is(&text) && read.is(text.trim()) && !read.is("") && !read.is("0707"));
        assert_eq!(format!("{made:?}"), "Token(set)");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        assert!(matches!(Token::at(&path, &mut |_| ()), Err(TokenError::Open { .. })));
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        fs::write(&path, "short\n").unwrap();
        assert!(matches!(Token::at(&path, &mut |_| ()), Err(TokenError::Short { .. })));
    }
}
