//! The blocks of a page and what the comments before them say.

/// One fenced block that concerns the tests.
#[derive(Debug, PartialEq)]
pub struct Block {
    /// Where it stands, from 1.
    pub line: usize,
    pub manner: Manner,
    /// Its text, prompts taken away.
    pub text: String,
    /// What the page shows as its output.
    pub shown: Option<String>,
}

/// What is done with a block.
#[derive(Debug, PartialEq)]
pub enum Manner {
    /// Run; it must succeed, or end with this exit code.
    Run { fails: Option<i32> },
    /// Started and left running to the end of the page.
    Serve,
    /// Written into this file.
    File(String),
    /// The sample ledger is put into place; no block belongs to it.
    Ledger,
    /// Not run, for the reason the comment gives.
    Skip,
}

/// Returns the blocks of a page in order.
pub fn blocks(page: &str) -> Vec<Block> {
    let mut blocks: Vec<Block> = Vec::new();
    let mut said: Option<String> = None;
    let mut just_ran = false;
    let mut lines = page.lines().enumerate();
    while let Some((index, line)) = lines.next() {
        let line = line.trim();
        let comment = line.strip_prefix("<!-- example:").and_then(|rest| rest.strip_suffix("-->"));
        if let Some(comment) = comment {
            if comment.trim() == "ledger" {
                let (text, shown) = (String::new(), None);
                blocks.push(Block { line: index + 1, manner: Manner::Ledger, text, shown });
            } else {
                said = Some(comment.trim().to_owned());
            }
            continue;
        }
        let Some(kind) = line.strip_prefix("```") else {
            if !line.is_empty() {
                just_ran = false;
            }
            continue;
        };
        let inner: Vec<&str> =
            lines.by_ref().map(|(_, line)| line).take_while(|line| line.trim() != "```").collect();
        if kind == "text" && just_ran && said.is_none() {
            if let Some(last) = blocks.last_mut() {
                last.shown = Some(inner.join("\n"));
            }
            just_ran = false;
            continue;
        }
        let manner = match said.take() {
            Some(said) => manner(&said),
            None if kind == "sh" => Manner::Run { fails: None },
            None => continue,
        };
        just_ran = matches!(manner, Manner::Run { .. });
        let text = match manner {
            Manner::File(_) => inner.join("\n") + "\n",
            _ => inner
                .iter()
                .map(|line| line.strip_prefix("$ ").unwrap_or(line))
                .fold(String::new(), |text, line| text + line + "\n"),
        };
        blocks.push(Block { line: index + 1, manner, text, shown: None });
    }
    blocks
}

fn manner(said: &str) -> Manner {
    match said.split_once(' ').unwrap_or((said, "")) {
        ("serve", _) => Manner::Serve,
        ("skip", _) | ("skip,", _) => Manner::Skip,
        ("file", name) => Manner::File(name.to_owned()),
        ("fails", "") => Manner::Run { fails: Some(1) },
        ("fails", code) => Manner::Run { fails: Some(code.parse().expect("an exit code")) },
        _ => panic!("no such convention: <!-- example: {said} -->; see CONTRIBUTING.md"),
    }
}

/// Compares what a page shows with what was printed: `...` stands for anything in a line, and alone
/// for any lines; runs of spaces are one space.
pub fn matches(shown: &str, printed: &str) -> Result<(), String> {
    let printed: Vec<String> = printed.lines().map(squeezed).collect();
    let (mut at, mut anywhere) = (0, true);
    for line in shown.lines().map(squeezed).filter(|line| !line.is_empty()) {
        if line == "..." {
            anywhere = true;
            continue;
        }
        let rest = printed.iter().enumerate().skip(at).filter(|(_, text)| !text.is_empty());
        let mut rest = rest.take(if anywhere { usize::MAX } else { 1 });
        match rest.find(|(_, text)| fits(&line, text)) {
            Some((index, _)) => at = index + 1,
            None => return Err(line),
        }
        anywhere = false;
    }
    Ok(())
}

fn squeezed(line: &str) -> String {
    line.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn fits(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split("...");
    let Some(mut rest) = parts.next().and_then(|first| text.strip_prefix(first)) else {
        return false;
    };
    let mut open = false;
    for part in parts {
        open = part.is_empty();
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    open || rest.is_empty()
        || (pattern.contains("...") && text.ends_with(pattern.rsplit("...").next().unwrap()))
}

#[test]
fn shown_output_is_compared_loosely() {
    assert!(matches("a  b\n...\nd...f", "first\na b\nc\nd e f").is_ok());
    assert!(matches("a\nc", "a\nb\nc").is_err());
    assert!(matches("a ...", "a b c").is_ok());
    assert!(matches("x", "a").is_err());
}

#[test]
fn blocks_and_comments_are_found() {
    let page = "<!-- example: ledger -->\n```sh\n$ daybook show\n```\n\n```text\nx\n```\n\
        <!-- example: file a.csv -->\n```csv\na,b\n```\n<!-- example: fails 2 -->\n```sh\nfalse\n```\n\
        ```json\n{}\n```\n";
    let blocks = blocks(page);
    let manners: Vec<&Manner> = blocks.iter().map(|block| &block.manner).collect();
    assert_eq!(
        manners,
        [
            &Manner::Ledger,
            &Manner::Run { fails: None },
            &Manner::File("a.csv".to_owned()),
            &Manner::Run { fails: Some(2) }
        ]
    );
    assert_eq!(blocks[1].text, "daybook show\n");
    assert_eq!(blocks[1].shown.as_deref(), Some("x"));
}
