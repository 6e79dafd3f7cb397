//! Settings: what a file, the environment and options say, in rising order of strength.
//!
//! Invariant: a key of the file that is not known is refused, never passed over. What this module
//! does not do: it checks no value; a value of the file is read exactly as the option would be.
//!
//! The file is the user's, not the ledger's: a ledger's directory is mirrored, copied and restored
//! elsewhere, and must not bring along where to listen or whom to trust.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::PathBuf;

use clap::ArgMatches;
use clap::parser::ValueSource;

use crate::error::CliError;
use crate::suggest::nearest;
use crate::system::{config_file, variable};
use crate::text::Text;

/// One setting.
#[derive(Debug, Clone, Copy)]
pub struct Setting {
    /// Its key in the file; its option is the same with hyphens, but for `actor`.
    pub key: &'static str,
    /// Its option.
    pub option: &'static str,
    /// The verb that takes it; all when empty.
    pub verb: &'static str,
    /// Its variable in the environment.
    pub variable: &'static str,
    /// What holds when nothing is said, where that does not depend on the machine.
    pub default: &'static str,
}

const fn setting(
    key: &'static str,
    option: &'static str,
    verb: &'static str,
    variable: &'static str,
    default: &'static str,
) -> Setting {
    Setting { key, option, verb, variable, default }
}

/// Every setting.
pub const SETTINGS: &[Setting] = &[
    setting("dir", "--dir", "", "DAYBOOK_DIR", "daybook-data"),
    setting("actor", "--as", "", "DAYBOOK_ACTOR", "U-01"),
    setting("listen", "--listen", "serve", "DAYBOOK_LISTEN", "127.0.0.1:7317"),
    setting("token_file", "--token-file", "serve", "DAYBOOK_TOKEN_FILE", ""),
    setting("log", "--log", "serve", "DAYBOOK_LOG", "text"),
    setting(
        "body_size_bytes_max",
        "--body-size-bytes-max",
        "serve",
        "DAYBOOK_BODY_SIZE_BYTES_MAX",
        "16777216",
    ),
    setting(
        "request_seconds_max",
        "--request-seconds-max",
        "serve",
        "DAYBOOK_REQUEST_SECONDS_MAX",
        "30",
    ),
    setting("connections_max", "--connections-max", "serve", "DAYBOOK_CONNECTIONS_MAX", "256"),
    setting("otlp_endpoint", "--otlp-endpoint", "serve", "DAYBOOK_OTLP_ENDPOINT", ""),
];

/// Where a value comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// An option of this call.
    Option,
    /// The environment.
    Environment,
    /// The file of settings.
    File,
    /// Nobody said anything.
    Default,
}

/// What the file of settings says.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// The file, whether it is there or not.
    pub file: Option<PathBuf>,
    values: BTreeMap<&'static str, String>,
    options: Vec<(&'static str, OsString)>,
}

impl Settings {
    /// Reads the file of settings; without one everything is left open.
    ///
    /// # Errors
    /// [`CliError`] for a file that cannot be read, or holds what is no setting.
    pub fn read() -> Result<Settings, CliError> {
        let Some((file, named)) = config_file() else { return Ok(Settings::default()) };
        let values = match std::fs::read_to_string(&file) {
            Ok(text) => parse(&text, &file.display().to_string())?,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound && !named => BTreeMap::new(),
            Err(error) => {
                return Err(CliError::file(("reading the settings", "读取设置"), &file, &error));
            }
        };
        Ok(Settings { file: Some(file), values, options: Vec::new() })
    }

    /// Adds to the arguments what only the file says, and remembers what options said.
    pub fn complete(&mut self, arguments: &[OsString], matches: &ArgMatches) -> Vec<OsString> {
        let mut arguments = arguments.to_vec();
        let verb = matches.subcommand_name().unwrap_or_default();
        for setting in SETTINGS.iter().filter(|setting| ["", verb].contains(&setting.verb)) {
            let said = matches.subcommand().map_or(matches, |(_, inner)| inner);
            let Ok(source) = said.try_get_raw(setting.key).map(|_| said.value_source(setting.key))
            else {
                continue;
            };
            match (source, self.values.get(setting.key)) {
                (Some(ValueSource::CommandLine), _) => {
                    let mut given = said.get_raw(setting.key).into_iter().flatten();
                    if let Some(value) = given.next() {
                        self.options.push((setting.key, value.to_owned()));
                    }
                }
                (Some(ValueSource::EnvVariable), _) | (_, None) => {}
                (_, Some(value)) => {
                    let argument = OsString::from(format!("{}={value}", setting.option));
                    // Behind the program's name options of every verb stand well, whatever follows.
                    let at = if setting.verb.is_empty() { 1 } else { arguments.len() };
                    arguments.insert(at, argument);
                }
            }
        }
        arguments
    }

    /// Returns what a setting is, and who says so.
    pub fn value(&self, setting: &Setting) -> (String, Origin) {
        let option = self.options.iter().find(|(key, _)| *key == setting.key);
        if let Some((_, value)) = option {
            return (value.to_string_lossy().into_owned(), Origin::Option);
        }
        if let Some(value) = variable(setting.variable) {
            return (value.to_string_lossy().into_owned(), Origin::Environment);
        }
        match self.values.get(setting.key) {
            Some(value) => (value.clone(), Origin::File),
            None => (setting.default.to_owned(), Origin::Default),
        }
    }
}

fn parse(text: &str, file: &str) -> Result<BTreeMap<&'static str, String>, CliError> {
    let table: toml::Table = text.parse().map_err(|error: toml::de::Error| {
        let at = error.span().map_or(0, |span| span.start);
        let line = text.get(..at).map_or(1, |before| before.matches('\n').count() + 1);
        let problem = error.message();
        CliError::usage(
            Text::new(
                format!("the settings {file} cannot be read: line {line}: {problem}"),
                format!("设置文件 {file} 无法读取：第 {line} 行：{problem}"),
            ),
            ("write each setting as key = \"value\"", "每项设置写成 键 = \"值\""),
        )
    })?;
    let mut values = BTreeMap::new();
    for (key, value) in table {
        let known = SETTINGS.iter().find(|setting| setting.key == key);
        let known = known.ok_or_else(|| unknown(&key, file))?;
        let value = match value {
            toml::Value::String(text) => text,
            toml::Value::Integer(number) => number.to_string(),
            toml::Value::Boolean(flag) => flag.to_string(),
            _ => {
                return Err(CliError::usage(
                    Text::new(
                        format!("the setting {key} in {file} is neither a text nor a number"),
                        format!("{file} 中的设置 {key} 既不是文本也不是数字"),
                    ),
                    ("see `daybook config` for the settings", "全部设置见 `daybook config`"),
                ));
            }
        };
        values.insert(known.key, value);
    }
    Ok(values)
}

fn unknown(key: &str, file: &str) -> CliError {
    let hint = match nearest(key, SETTINGS.iter().map(|setting| setting.key)) {
        Some(meant) => {
            Text::new(format!("did you mean {meant}?"), format!("您是想写 {meant} 吗？"))
        }
        None => {
            let all: Vec<&str> = SETTINGS.iter().map(|setting| setting.key).collect();
            let all = all.join(", ");
            Text::new(format!("the settings are {all}"), format!("可用的设置有 {all}"))
        }
    };
    CliError::usage(
        Text::new(
            format!("{key:?} in {file} is not a setting"),
            format!("{file} 中的 {key:?} 不是设置"),
        ),
        hint,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_that_is_not_known_is_refused_with_the_nearest() {
        let error = parse("lisen = \"127.0.0.1:1\"", "f").unwrap_err();
        assert_eq!(&*error.hint.en, "did you mean listen?");
        let error = parse("weather = 1", "f").unwrap_err();
        assert!(error.hint.en.starts_with("the settings are dir, "));
        assert!(parse("a = [", "f").unwrap_err().message.en.contains("line 1"));
        assert!(parse("listen = [1]", "f").is_err());
        let read = parse("connections_max = 9\nactor = \"U-9\"", "f").unwrap();
        assert_eq!(read.get("connections_max").map(String::as_str), Some("9"));
    }

    #[test]
    fn every_setting_is_an_option_of_its_verb() {
        let command = crate::commands::declared();
        for setting in SETTINGS {
            let command = match setting.verb {
                "" => &command,
                verb => command.find_subcommand(verb).unwrap(),
            };
            let option = command.get_arguments().find(|arg| arg.get_id() == setting.key);
            let option = option.unwrap_or_else(|| panic!("{}", setting.key));
            assert_eq!(
                option.get_long().map(|long| format!("--{long}")).as_deref(),
                Some(setting.option)
            );
            assert_eq!(option.get_env().and_then(|name| name.to_str()), Some(setting.variable));
            if let [default] = option.get_default_values() {
                assert_eq!(default.to_str(), Some(setting.default), "{}", setting.key);
            }
        }
    }
}
