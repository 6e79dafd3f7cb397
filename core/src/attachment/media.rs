//! Which content is taken: by its declared media type, and by what its first bytes show.
//!
//! The declared type is what a browser or mail program will believe later, so content that is
//! plainly something else is refused, and so is whatever a machine would run. What this module does
//! not do: it looks for no virus, and into no archive.

use infer::MatcherType;

use crate::decide::Rejection;
use crate::event::attachment::MediaType;

/// Families of types of which every member is taken.
pub const ACCEPTED_FAMILIES: &[&str] =
    &["audio", "font", "image", "message", "model", "text", "video"];

/// Single types that are taken besides. `application/octet-stream` is among them: drawings and
/// measurements come in formats of their own, and refusing them would lose them.
pub const ACCEPTED_TYPES: &[&str] = &[
    "application/geo+json",
    "application/gzip",
    "application/json",
    "application/mbox",
    "application/msword",
    "application/octet-stream",
    "application/ofd",
    "application/pdf",
    "application/pgp-encrypted",
    "application/pgp-signature",
    "application/pkcs7-mime",
    "application/pkcs7-signature",
    "application/postscript",
    "application/rtf",
    "application/sql",
    "application/vnd.apple.pkpass",
    "application/vnd.ms-excel",
    "application/vnd.ms-outlook",
    "application/vnd.ms-powerpoint",
    "application/vnd.ms-project",
    "application/vnd.rar",
    "application/vnd.visio",
    "application/x-7z-compressed",
    "application/x-bzip2",
    "application/x-rar-compressed",
    "application/x-tar",
    "application/x-xz",
    "application/x-zip-compressed",
    "application/xml",
    "application/yaml",
    "application/zip",
    "application/zstd",
    "multipart/mixed",
    "multipart/related",
];

const ACCEPTED_PREFIXES: &[&str] =
    &["application/vnd.oasis.opendocument.", "application/vnd.openxmlformats-officedocument."];

/// Types whose first bytes are always the same, so that content without them is not of the type.
const ALWAYS_MARKED: &[&str] = &[
    "application/pdf",
    "application/zip",
    "image/bmp",
    "image/gif",
    "image/jpeg",
    "image/png",
    "image/tiff",
    "image/webp",
];

/// Refuses a type that is not taken.
///
/// # Errors
/// [`Rejection::AttachmentTypeRefused`].
pub fn require_accepted(media_type: &MediaType) -> Result<(), Rejection> {
    let essence = media_type.essence();
    let family = essence.split('/').next().unwrap_or_default();
    let accepted = ACCEPTED_FAMILIES.contains(&family)
        || ACCEPTED_TYPES.contains(&essence)
        || ACCEPTED_PREFIXES.iter().any(|prefix| essence.starts_with(prefix));
    // A script is text, but somebody's machine would run it.
    let runs = essence.contains("javascript") || essence.contains("ecmascript");
    if accepted && !runs {
        return Ok(());
    }
    Err(Rejection::AttachmentTypeRefused { media_type: essence.into() })
}

/// Refuses content whose first bytes show something that runs, or another type than declared.
///
/// # Errors
/// [`Rejection::AttachmentExecutable`], [`Rejection::AttachmentTypeDiffers`].
pub fn check_content(media_type: &MediaType, first: &[u8]) -> Result<(), Rejection> {
    let essence = media_type.essence();
    let family = essence.split('/').next().unwrap_or_default();
    let found = infer::get(first);
    let mime = found.map(|found| found.mime_type());
    // A program's first bytes hold zeros; a text that begins with the same letters does not.
    let binary = first.contains(&0);
    let runs = match found.map(|found| found.matcher_type()) {
        Some(MatcherType::App) => binary && mime != Some("application/x-x509-ca-cert"),
        _ => mime == Some("text/x-shellscript"),
    };
    if runs {
        return Err(Rejection::AttachmentExecutable { found: mime.unwrap_or_default() });
    }
    let differs = |found: &'static str| {
        let declared = essence.into();
        Err(Rejection::AttachmentTypeDiffers { declared, found })
    };
    let Some(found) = found.filter(|found| found.matcher_type() != MatcherType::App) else {
        return match ALWAYS_MARKED.contains(&essence) {
            true => differs("something else"),
            false => Ok(()),
        };
    };
    use MatcherType as M;
    let kind = found.matcher_type();
    let fits = match family {
        "image" => kind == M::Image || (essence == "image/svg+xml" && kind == M::Text),
        // One container holds either.
        "audio" | "video" => matches!(kind, M::Audio | M::Video),
        "text" | "message" | "multipart" => kind == M::Text || found.mime_type().ends_with("/rtf"),
        "font" => kind == M::Font,
        _ => match essence {
            "application/pdf" => found.mime_type() == "application/pdf",
            "application/octet-stream" => true,
            _ => !matches!(kind, M::Image | M::Audio | M::Video | M::Font),
        },
    };
    if fits { Ok(()) } else { differs(found.mime_type()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> MediaType {
        MediaType::new(text).expect("a type")
    }

    #[test]
    fn types_are_taken_by_the_list() {
        for taken in [
            "audio/amr",
            "image/heif",
            "message/rfc822",
            "text/csv; charset=gbk",
            "application/pdf",
            "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
            "application/octet-stream",
        ] {
            require_accepted(&of(taken)).expect(taken);
        }
        for refused in ["application/x-msdownload", "application/java-archive", "text/javascript"] {
            let rejection = require_accepted(&of(refused)).expect_err(refused);
            assert_eq!(rejection.code(), "attachment_type_refused");
        }
    }

    #[test]
    fn content_must_be_what_it_is_said_to_be() {
        const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR";
        const EXE: &[u8] = b"MZ\x90\0\x03\0\0\0\x04\0\0\0\xff\xff\0\0";
        const ELF: &[u8] = &[
            0x7f, b'E', b'L', b'F', 2, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 62, 0, 1, 0, 0, 0, 0,
            0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
        ];
        for (declared, first, expected) in [
            ("image/png", PNG, None),
            ("image/jpeg", PNG, None),
            ("application/octet-stream", PNG, None),
            ("application/pdf", PNG, Some("attachment_type_differs")),
            ("text/plain", PNG, Some("attachment_type_differs")),
            ("image/png", b"hello".as_slice(), Some("attachment_type_differs")),
            ("application/pdf", b"%PDF-1.7\n", None),
            ("text/plain", b"hello", None),
            ("text/plain", b"MZ is how a program begins", None),
            ("text/plain", b"#!/bin/sh\nrm -rf /", Some("attachment_executable")),
            ("application/octet-stream", EXE, Some("attachment_executable")),
            ("application/octet-stream", ELF, Some("attachment_executable")),
            ("text/html", b"<html><body>", None),
            ("message/rfc822", b"From: a@example.com\r\n", None),
            ("application/json", b"", None),
            ("audio/mpeg", b"ID3\x03\0\0\0\0", None),
        ] {
            let code = check_content(&of(declared), first).err().map(|found| found.code());
            assert_eq!(code, expected, "{declared} {:?}", String::from_utf8_lossy(first));
        }
    }
}
