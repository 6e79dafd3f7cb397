//! Commands that a sentence shows, written the way this one was called, so that they can be copied.

/// What stands before a command in a sentence.
const SHOWN: &str = "`daybook ";

/// Writes every command a sentence shows in backquotes the way the program was called, with the
/// ledger's directory where it was named.
pub fn again(sentence: &str, program: &str, dir_option: &str) -> String {
    let mut parts = sentence.split(SHOWN);
    let mut written = parts.next().unwrap_or_default().to_owned();
    for rest in parts {
        // Help is the same for every ledger.
        let dir_option = if rest.starts_with("help") { "" } else { dir_option };
        written.push_str(&format!("`{program} {dir_option}{rest}"));
    }
    written
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(sentence: &str, expected: &str) {
        assert_eq!(again(sentence, "./daybook", "--dir x "), expected);
    }

    #[test]
    fn a_command_is_shown_as_the_program_was_called() {
        check("use `daybook serve`", "use `./daybook --dir x serve`");
        check(
            "用 `daybook init` 新建，用 `daybook demo` 试用",
            "用 `./daybook --dir x init` 新建，用 `./daybook --dir x demo` 试用",
        );
        check("see `daybook help import`", "see `./daybook help import`");
        check("the daybook `x`", "the daybook `x`");
        assert_eq!(again("`daybook show`", "daybook", ""), "`daybook show`");
    }
}
