//! The command as a first-time user meets it: what is printed, where, and with which exit code.

#![allow(clippy::expect_used, clippy::unwrap_used, clippy::indexing_slicing)]

use std::process::Command;

/// A folder with a ledger in it, or still without.
struct Place {
    folder: tempfile::TempDir,
}

/// What one call printed and how it ended.
#[derive(Debug)]
struct Said {
    out: String,
    err: String,
    code: i32,
}

impl Place {
    fn empty() -> Place {
        Place { folder: tempfile::tempdir().unwrap() }
    }

    fn with_book() -> Place {
        let place = Place::empty();
        place.done(&["init", "--name", "Test", "--zone", "Asia/Shanghai"]);
        place
    }

    fn say(&self, arguments: &[&str]) -> Said {
        self.say_with(arguments, &[])
    }

    fn say_with(&self, arguments: &[&str], variables: &[(&str, &str)]) -> Said {
        let output = Command::new(env!("CARGO_BIN_EXE_daybook"))
            .args(arguments)
            .current_dir(self.folder.path())
            .env_remove("DAYBOOK_DIR")
            .env_remove("NO_COLOR")
            .env_remove("CLICOLOR_FORCE")
            .env("LC_ALL", "C.UTF-8")
            .env("DAYBOOK_HEADS", self.folder.path().join("heads"))
            .envs(variables.iter().copied())
            .output()
            .unwrap();
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        let code = output.status.code().unwrap();
        Said { out: text(&output.stdout), err: text(&output.stderr), code }
    }

    fn done(&self, arguments: &[&str]) -> String {
        let said = self.say(arguments);
        assert_eq!(said.code, 0, "{arguments:?}: {said:?}");
        said.out
    }

    fn refused(&self, arguments: &[&str], code: i32, expected: &str) {
        let said = self.say(arguments);
        assert_eq!(said.code, code, "{arguments:?}: {said:?}");
        assert_eq!(said.out, "", "errors do not go to standard output");
        assert!(said.err.contains(expected), "{arguments:?}: {}", said.err);
        assert!(said.err.contains("hint: "), "{arguments:?}: {}", said.err);
    }

    fn file(&self, name: &str, content: impl AsRef<[u8]>) {
        std::fs::write(self.folder.path().join(name), content).unwrap();
    }

    fn json(&self, arguments: &[&str]) -> serde_json::Value {
        serde_json::from_str(&self.done(&[arguments, &["--json"]].concat())).unwrap()
    }
}

#[test]
fn a_first_session() {
    let place = Place::with_book();
    let out = place.done(&["record", "customer", "ACME", "--name", "华东精密", "--city", "上海"]);
    assert!(out.contains("customer.registered 客户已建档"), "{out}");
    let out = place.done(&["record", "call", "ACME", "asked for a quote", "--in"]);
    assert!(out.contains("phone from the customer: asked for a quote"), "{out}");
    let back = format!("To take it back: {} void ", env!("CARGO_BIN_EXE_daybook"));
    assert!(out.contains(&back), "{out}");
    let log = place.done(&["log", "--customer", "ACME"]);
    assert_eq!(log.lines().count(), 3, "{log}");
    let shown = place.done(&["show", "ACME"]);
    assert!(shown.starts_with("ACME  华东精密\n"), "{shown}");
    assert!(place.done(&["show"]).contains("华东精密"));
    assert!(place.done(&["stats"]).contains("customers: 1"));
    assert!(place.done(&["verify", "--derived"]).contains("The ledger holds."));
    let chinese = place.done(&["log", "--customer", "ACME", "--lang", "zh"]);
    assert!(chinese.contains("电话（客户方）：asked for a quote"), "{chinese}");
}

#[test]
fn a_call_is_recorded_in_one_line() {
    let place = Place::with_book();
    place.done(&[
        "record",
        "customer",
        "ACME",
        "--name",
        "Acme Ltd",
        "--phone",
        "+44 20 7946 0000",
    ]);
    place.done(&["record", "customer", "C-2", "--name", "华东精密机械有限公司"]);
    place.done(&["record", "customer", "C-3", "--name", "华南精密机械有限公司"]);
    place.done(&["record", "contact", "C-2", "王丽", "--phone", "+86 138 0000 1111"]);
    let said = place.say(&[
        "record",
        "call",
        "huadong",
        "asked for a quote",
        "--in",
        "--next",
        "send quote",
        "--due",
        "in 3 days",
        "--effective",
        "yesterday",
    ]);
    assert_eq!(said.code, 0, "{said:?}");
    assert!(
        said.err.contains("customer C-2 华东精密机械有限公司, found by pinyin start"),
        "{said:?}"
    );
    for expected in [
        "interaction.recorded",
        "phone from the customer: asked for a quote",
        "task.planned",
        "task K-1 planned",
        "send quote",
        "customer/C-2",
        "To take it back: ",
        " void ",
    ] {
        assert!(said.out.contains(expected), "{expected} in {}", said.out);
    }
    // Who calls is known by the number, and noted as having taken part.
    let call = ["record", "call", "+8613800001111", "called back", "--in"];
    let said = place.say(&call);
    assert!(said.err.contains("found by phone"), "{said:?}");
    let log = place.json(&["log", "--customer", "C-2", "--kind", "interaction.recorded"]);
    let events = log["events"].as_array().unwrap();
    assert!(events.iter().any(|event| event["body"]["contacts"] == serde_json::json!(["P-1"])));
    place.refused(
        &["record", "note", "精密", "x"],
        1,
        "2 customers fit \"精密\": C-2 华东精密机械有限公司, C-3",
    );
    place.refused(&["record", "note", "jmjx", "x"], 1, "2 customers fit \"jmjx\"");
    place.refused(&["record", "call", "ACME", "x", "--due", "friday"], 2, "--next");
    place.refused(
        &["record", "task", "ACME", "x", "--due", "friday 3:30"],
        2,
        "\"friday 3:30\" can mean ",
    );
    let said = place.say(&["record", "task", "ACME", "x", "--due", "下周", "--lang", "zh"]);
    assert!(said.err.contains("错误：\"下周\" 没有说明哪一天"), "{said:?}");
    // A dry run shows both events and keeps nothing.
    let before = place.json(&["stats"])["events"].clone();
    let dry = place.done(&[
        "record",
        "visit",
        "acme ltd",
        "showed the lathe",
        "--next",
        "call",
        "--due",
        "周五",
        "--dry-run",
        "--effective",
        "前天",
    ]);
    assert!(dry.contains("interaction.recorded") && dry.contains("task.planned"), "{dry}");
    assert_eq!(place.json(&["stats"])["events"], before);
    // What was recorded can be taken back by its id alone.
    let id = events[0]["event_id"].as_str().unwrap();
    let out = place.done(&["void", id, "--reason", "somebody else called"]);
    assert!(out.contains("event.voided"), "{out}");
    place.refused(&["void", id, "--reason", "again"], 1, "is already void");
    place.refused(&["void", "0", "--reason", "x"], 2, "is of book/book, not of a customer");
}

#[test]
fn a_leaver_hands_everything_over() {
    let place = Place::with_book();
    for (code, name, owner) in
        [("ACME", "Acme Ltd", "U-03"), ("BOREAL", "Boreal", "U-03"), ("CUBE", "Cube", "U-04")]
    {
        place.done(&["record", "customer", code, "--name", name, "--owner", owner]);
    }
    let task = ["record", "task", "ACME", "call", "--due", "in 3 days", "--for", "U-03"];
    place.done(&task);
    place.done(&["record", "task", "CUBE", "visit", "--due", "in 3 days", "--for", "U-03"]);
    place.done(&["record", "opportunity", "BOREAL", "lathe", "--as", "U-03"]);
    let holds = |who: &str| place.json(&["holdings", who])["holders"][0].clone();
    let before = holds("U-03");
    assert_eq!((&before["customers"], &before["tasks"]), (&2.into(), &2.into()), "{before}");
    let dry = place.done(&["handover", "U-03", "--to", "U-05", "--leaves", "--dry-run"]);
    assert!(dry.contains("Dry run: 5 would go from U-03 to U-05"), "{dry}");
    assert_eq!(holds("U-03"), before);
    place.refused(&["handover", "U-09", "--to", "U-05"], 1, "anything held by user U-09");
    let reason = ["--reason", "moves abroad"];
    let out =
        place.done(&[&["handover", "U-03", "--to", "U-05", "--leaves"][..], &reason].concat());
    assert!(out.contains("5 handed over from U-03 to U-05"), "{out}");
    assert!(place.json(&["holdings", "U-03"])["holders"].as_array().unwrap().is_empty());
    assert_eq!(holds("U-05")["items"], before["items"]);
    assert!(place.done(&["open", "ACME"]).contains("owner U-05"));
    // Whoever has left takes nothing any more, and nothing is half handed over.
    place.refused(&["handover", "U-05", "--to", "U-03"], 1, "user U-03 has left");
    place.refused(&["record", "assign", "CUBE", "--to", "U-03"], 1, "user U-03 has left");
    assert_eq!(holds("U-05")["items"], before["items"]);
    place.refused(
        &["record", "assign", "ACME", "--to", "pool"],
        1,
        "the pool holds customers only",
    );
    place.done(&["record", "close-task", "ACME", "K-1"]);
    let out = place.done(&["record", "assign", "ACME", "--to", "pool"]);
    assert!(out.contains("the customer goes from U-05 to the pool"), "{out}");
    assert_eq!(holds("pool")["customers"], 1);
    let chinese = place.done(&["log", "--customer", "ACME", "--lang", "zh"]);
    assert!(chinese.contains("客户由U-05转给客户池"), "{chinese}");
    let taken = place.done(&["pool", "take", "ACME", "--to", "U-04"]);
    assert!(taken.contains("the customer goes from the pool to U-04"), "{taken}");
    let shared = ["record", "share", "ACME", "--with", "U-05", "--as", "U-04"];
    assert!(place.done(&shared).contains("the customer is shared with U-05: read"));
    assert_eq!(holds("U-05")["shared"], 1);
}

#[test]
fn customers_are_merged_and_parted_again() {
    let place = Place::with_book();
    place.done(&["record", "customer", "ACME", "--name", "Acme Ltd", "--phone", "+442079460000"]);
    let again = ["record", "customer", "ACME-2", "--name", "ACME Limited"];
    place.refused(&again, 1, "ACME-2 is most probably ACME (85%): same name");
    place.done(&[&again[..], &["--despite-duplicates"]].concat());
    let pairs = place.done(&["duplicates"]);
    assert!(pairs.contains("ACME-2") && pairs.contains("name"), "{pairs}");
    place.done(&["record", "contact", "ACME-2", "Jane Doe", "--phone", "+442079461111"]);
    let out = place.done(&["merge", "ACME", "ACME-2", "--reason", "one company"]);
    assert!(out.contains("ACME-2 is merged into it") && out.contains("merged into ACME"), "{out}");
    let open = place.done(&["open", "+442079461111"]);
    assert!(open.contains("ACME  Acme Ltd") && open.contains("ACME-2/P-1 Jane Doe"), "{open}");
    assert!(open.contains("with ACME-2 ACME Limited, merged into it"), "{open}");
    let note = place.json(&["record", "note", "ACME", "moved to Leeds"]);
    let position = note["units"][0]["taken"][0]["events"][0]["position"].to_string();
    place.refused(&["record", "note", "ACME-2", "x"], 1, "the customer is merged into ACME");
    place.done(&["record", "call", "ACME", "asked for a quote"]);
    let merges = place.done(&["merges", "ACME"]);
    assert!(merges.contains("moved to Leeds"), "{merges}");
    let undo = ["unmerge", "ACME", "--reason", "two companies"];
    place.refused(&undo, 1, "whose these facts recorded since the merge are is not said");
    let give = format!("{position}=ACME-2");
    let out = place.done(&[&undo[..], &["--give", &give, "--rest", "ACME"]].concat());
    assert!(out.contains("the merge of ACME-2 is undone; 1 of 2 facts since go there"), "{out}");
    let shown =
        |code: &str| place.json(&["show", code])["profile"]["figures"]["interactions"].clone();
    assert_eq!((shown("ACME"), shown("ACME-2")), (1.into(), 1.into()));
    place.refused(&undo, 2, "no merge into ACME stands");
    assert!(place.done(&["verify", "--derived"]).contains("The ledger holds."));
}

#[test]
fn one_customer_in_one_screen() {
    let place = Place::with_book();
    place.done(&["record", "customer", "ACME", "--name", "Acme Ltd", "--owner", "U-07"]);
    place.done(&["record", "customer", "ACORN", "--name", "华东精密", "--city", "上海"]);
    place.done(&["record", "contact", "ACME", "Jane Doe", "--role", "purchasing", "--main"]);
    place.done(&["record", "call", "ACME", "asked", "--in", "--next", "send the drawings"]);
    place.done(&["record", "opportunity", "ACME", "two lathes", "--amount", "1200"]);
    place.done(&["record", "complaint", "ACME", "came late", "--subject", "transport"]);
    let day = |day: &str| ["--effective", day].map(str::to_owned);
    let owed = ["record", "receivable", "ACME", "900", "--due", "2026-02-01"];
    let past = day("2026-01-05");
    place.done(&[&owed[..], &[&past[0], &past[1]]].concat());
    place.done(&["record", "payment", "ACME", "1000"]);
    place.done(&["record", "apply", "ACME", "R-1", "--to", "AR-1=400"]);
    let said = place.say(&["open", "acme ltd"]);
    assert_eq!(said.code, 0, "{said:?}");
    for expected in [
        "ACME  Acme Ltd",
        "company · owner U-07",
        "P-1 Jane Doe (main)  purchasing",
        "owed 500.00 CNY",
        "overdue 500.00 CNY since 2026-02-01",
        "unapplied credit 600.00 CNY",
        "O-1 lead  1,200.00 CNY  two lathes",
        "complaint about transport, normal; first response due ",
        "send the drawings",
        "payment R-1 applied to AR-1",
    ] {
        assert!(said.out.contains(expected), "{expected} in {}", said.out);
    }
    assert!(said.err.contains("as of now, known at now, position "), "{}", said.err);
    assert!(place.done(&["open", "精密", "--lang", "zh"]).contains("城市 上海"));
    let asked = ["open", "ACME", "--as-of", "2026-01-31"];
    assert!(place.say(&asked).code == 0 && !place.done(&asked).contains("overdue"));
    assert_eq!(place.json(&["open", "ACME"])["dealings"]["opportunities"][0]["stage_zh"], "线索");
    place.refused(&["open", "AC"], 1, "2 customers fit \"AC\": ACME Acme Ltd, ACORN 华东精密");
    place.refused(
        &["open", "nobody"],
        1,
        "no customer's code, name, pinyin or phone number is \"nobody\"",
    );
    place.refused(&["open", "AMCE"], 1, "did you mean ACME Acme Ltd?");
    place.refused(&["record", "call", "ACMEE", "x"], 1, "did you mean ACME Acme Ltd?");
    place.refused(&["record", "stage", "ACME", "O-1", "propsal"], 1, "did you mean `proposal`?");
    let said = place.say(&["open", "AMCE", "--lang", "zh"]);
    assert!(said.code == 1 && said.err.contains("提示：您是指 ACME Acme Ltd 吗？"), "{said:?}");
}

#[test]
fn colour_is_for_terminals_and_for_those_who_ask() {
    let place = Place::with_book();
    let coloured = |arguments: &[&str], variables: &[(&str, &str)]| {
        let said = place.say_with(arguments, variables);
        said.out.contains('\u{1b}') || said.err.contains('\u{1b}')
    };
    assert!(!coloured(&["stats"], &[]));
    assert!(coloured(&["stats", "--color", "always"], &[]));
    assert!(coloured(&["help", "--color=always"], &[]));
    assert!(coloured(&["stats"], &[("CLICOLOR_FORCE", "1")]));
    assert!(!coloured(&["stats", "--color", "never"], &[("CLICOLOR_FORCE", "1")]));
    assert!(!coloured(&["stats"], &[("NO_COLOR", "1")]));
    assert!(coloured(&["show", "X", "--color", "always"], &[]));
    assert!(!coloured(&["show", "X"], &[]));
}

#[test]
fn exit_codes_are_as_documented() {
    let place = Place::empty();
    let code = |arguments: &[&str]| place.say(arguments).code;
    for page in [place.done(&["exit-codes"]), place.done(&["help", "exit-codes"])] {
        for line in ["0  done", "1  refused", "2  wrong usage", "3  something is broken"] {
            assert!(page.contains(line), "{page}");
        }
    }
    assert_eq!(code(&["stats"]), 2);
    assert_eq!(code(&["stats", "--nonsense"]), 2);
    assert_eq!(code(&["init", "--zone", "UTC"]), 0);
    assert_eq!(code(&["show", "NOBODY"]), 1);
    let journal = place.folder.path().join("daybook-data/journal");
    let files = std::fs::read_dir(&journal).unwrap().map(|file| file.unwrap().path());
    let segment = files.into_iter().find(|path| path.extension().is_some_and(|e| e == "seg"));
    let segment = segment.unwrap();
    let mut bytes = std::fs::read(&segment).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&segment, bytes).unwrap();
    assert_eq!(code(&["verify"]), 1);
    std::fs::remove_dir_all(place.folder.path().join("daybook-data/vault")).unwrap();
    std::fs::write(place.folder.path().join("daybook-data/vault"), "no vault").unwrap();
    assert_eq!(code(&["stats"]), 3);
}

#[test]
fn help_is_there_in_both_languages() {
    let place = Place::empty();
    let english = place.done(&["help", "record", "call"]);
    assert!(english.starts_with("Record a telephone call\n"), "{english}");
    let chinese = place.say_with(&["record", "call", "--help"], &[("LC_ALL", "zh_CN.UTF-8")]);
    assert!(chinese.out.starts_with("记录一次电话\n"), "{chinese:?}");
    assert!(place.done(&["help", "--lang", "zh", "log"]).contains("用法：daybook log [选项]"));
    let said = place.say_with(&["log", "--lmit", "3"], &[("LANG", "zh_CN.UTF-8"), ("LC_ALL", "")]);
    assert!(said.err.contains("错误：") && said.err.contains("您是指 `--limit` 吗？"), "{said:?}");
    let said = place.say(&["log", "--lmit", "3", "--json"]);
    let error: serde_json::Value = serde_json::from_str(&said.err).unwrap();
    assert_eq!(
        (error["exit"].as_u64(), error["hint"].as_str()),
        (Some(2), Some("did you mean `--limit`?"))
    );
    // As the program was called, so that it can be copied.
    let meant = format!("did you mean `{} record call`?", env!("CARGO_BIN_EXE_daybook"));
    place.refused(&["call", "ACME"], 2, &meant);
    let nowhere = place.say(&["--dir", "no where", "show"]);
    let init = format!("`{} --dir 'no where' init`", env!("CARGO_BIN_EXE_daybook"));
    assert!(nowhere.err.contains(&init), "{nowhere:?}");
    let unfit = ["init", "--name", "", "--dir", "x"];
    let said = place.say_with(&unfit, &[("LC_ALL", "zh_CN.UTF-8")]);
    assert!(said.code == 2 && said.err.contains("内容为空"), "{said:?}");
}

#[test]
fn a_refused_row_says_why_in_the_language_of_the_reader() {
    let place = Place::with_book();
    place.file("list.csv", "code,name,day\nC-1,Gamma,yesterday\nC-2,Delta,2026-01-02\n");
    place.file(
        "list.toml",
        "[import]\nsource = \"list\"\nrow_key = [\"code\"]\ncustomer = \"{code}\"\n\
         [[event]]\ncommand = \"register_customer\"\n[event.fields]\nkind = \"company\"\n\
         source = \"web\"\ndetails.name = \"{name}\"\n\
         first_contact_on = { column = \"day\", date = \"%Y-%m-%d\" }\n",
    );
    let words = ["import", "list.csv", "--mapping", "list.toml", "--refused", "left.csv"];
    let said = place.say_with(&words, &[("LC_ALL", "zh_CN.UTF-8")]);
    assert_eq!(said.code, 1, "{said:?}");
    let why = "不是形式为 %Y-%m-%d 的日期";
    assert!(said.err.contains(why), "{said:?}");
    let left = std::fs::read_to_string(place.folder.path().join("left.csv")).unwrap();
    assert!(left.contains(why) && left.contains("yesterday"), "{left}");
    let said = place.say(&words);
    assert!(said.err.contains("it is not a date of the form %Y-%m-%d"), "{said:?}");
    place.refused(&["log", "--kind", "payment.recieved"], 2, "did you mean `payment.received`?");
}

#[test]
fn manual_pages_and_completion_are_made() {
    let place = Place::empty();
    assert!(place.done(&["man"]).contains(".SH EXAMPLES"));
    let said = place.done(&["man", "--to", "share", "--lang", "zh"]);
    assert!(said.contains("共 "), "{said}");
    let page = |name: &str| std::fs::read_to_string(place.folder.path().join(name)).unwrap();
    assert!(page("share/man1/daybook-record-call.1").contains("Record a telephone call"));
    let chinese = page("share/zh_CN/man1/daybook-record-call.1");
    assert!(chinese.contains("记录一次电话") && chinese.contains(".SH 示例"), "{chinese}");
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        assert!(place.done(&["completion", shell]).contains("record"), "{shell}");
    }
}

#[test]
fn the_whole_life_of_a_sale() {
    let place = Place::with_book();
    for line in [
        "customer ACME --name Acme",
        "contact ACME Jane --role purchasing --email jane@acme.example --main",
        "visit ACME seen --with P-1",
        "opportunity ACME lathe --amount 1200",
        "stage ACME O-1 qualified",
        "win ACME O-1 --amount 1100",
        "receivable ACME 1100 --due 2030-01-01 --id AR-1",
        "invoice ACME INV-1 1100 --covers AR-1",
        "dispute ACME AR-1 --about delivery",
        "payment ACME 600 --method transfer",
        "apply ACME R-1",
        "complaint ACME late --subject transport",
    ] {
        let arguments: Vec<&str> = std::iter::once("record").chain(line.split(' ')).collect();
        place.done(&arguments);
    }
    let figures = place.json(&["show", "ACME"])["profile"]["figures"].clone();
    assert_eq!(figures["won"][0]["decimal"], "1100.00");
    assert_eq!(figures["receivable"][0]["decimal"], "500.00");
    assert_eq!(figures["complaints_open"], 1);
    assert_eq!(place.json(&["stats"])["disputed"][0]["minor"], 110_000);
}

#[test]
fn a_void_counts_nowhere_and_stays_in_sight() {
    let place = Place::with_book();
    place.done(&["record", "customer", "ACME", "--name", "Acme"]);
    let recorded = place.json(&["record", "call", "ACME", "wrong number"]);
    let event = recorded["units"][0]["taken"][0]["events"][0].clone();
    let position = event["position"].to_string();
    place.refused(&["void", &position], 2, "--reason <REASON> is missing");
    place.done(&["void", &position, "--reason", "wrong number"]);
    assert!(place.done(&["log", "--customer", "ACME"]).contains("[voided at "));
    let stats = place.json(&["stats"]);
    assert_eq!((&stats["voided"], &stats["customers"]), (&1.into(), &1.into()));
    let before = place.json(&["show", event["event_id"].as_str().unwrap()]);
    assert_eq!(before["event"]["position"], event["position"]);
}

#[test]
fn a_dry_run_keeps_nothing() {
    let place = Place::with_book();
    let out = place.done(&["record", "customer", "ACME", "--name", "Acme", "--dry-run"]);
    assert!(out.starts_with("Dry run"), "{out}");
    assert_eq!(place.json(&["stats"])["customers"], 0);
}

#[test]
fn errors_say_what_and_what_next() {
    let place = Place::empty();
    place.refused(&["log"], 2, "there is no ledger at daybook-data");
    place.refused(&["init", "--zone", "Mars/Base"], 1, "Mars/Base is not a time zone");
    place.done(&["init", "--zone", "UTC"]);
    place.refused(&["init"], 2, "is not empty");
    place.refused(&["show", "NOBODY"], 1, "customer NOBODY is not in this ledger");
    place.refused(&["record", "call", "NOBODY", "x"], 1, "phone number is \"NOBODY\"");
    place.refused(&["record", "payment", "X", "12x"], 2, "not an amount");
    place.refused(&["record", "json", "X", "{"], 2, "not JSON");
    place.refused(&["record", "json", "X", "{\"command\":\"fly\"}"], 2, "fly");
    place.refused(&["log", "--as-of", "yesterday"], 2, "neither a date nor an instant");
    place.refused(&["log", "--kind", "nonsense"], 2, "is not a value of --kind");
    place.refused(&["import", "nothing.csv", "--mapping", "calls"], 2, "nothing.csv");
    place.file("x.csv", "a\n1\n");
    place.refused(&["import", "x.csv", "--mapping", "nothing"], 2, "no mapping called");
    place.refused(&["import", "x.csv", "--mapping", "calls"], 1, "columns are a");
    let said = place.say(&["log", "--nonsense"]);
    assert_eq!(said.code, 2);
    let said = place.say(&["show", "NOBODY", "--json"]);
    let error: serde_json::Value = serde_json::from_str(&said.err).unwrap();
    assert_eq!((error["code"].as_str(), error["exit"].as_u64()), (Some("not_found"), Some(1)));
}

const CALLS: &str = "id,customer,when,direction,what\n\
    1,华东精密,2026-01-05 09:30,in,\"asked, twice\"\n\
    2,Acme,2026-13-05 09:30,out,x\n\
    3,Acme,2026-01-06 10:00,out,called back\n\
    4,Acme,2026-01-06\n\
    5,Acme,2026-01-07 10:00,sideways,x\n\
    3,Acme,2026-01-06 10:00,out,called back\n";

#[test]
fn bad_rows_are_named_and_kept_and_the_others_stand() {
    let place = Place::with_book();
    place.file("calls.csv", CALLS);
    let arguments = ["import", "calls.csv", "--mapping", "calls", "--refused", "bad.csv"];
    let dry = place.say(&[&arguments[..], &["--dry-run"]].concat());
    assert_eq!(dry.code, 1, "{dry:?}");
    assert_eq!(place.json(&["stats"])["customer_events"], 0);
    let said = place.say(&arguments);
    assert_eq!(said.code, 1, "{said:?}");
    assert!(said.err.contains("line 3, column when, \"2026-13-05 09:30\""), "{}", said.err);
    assert!(said.err.contains("line 5, column"), "{}", said.err);
    assert!(said.err.contains("line 6, column direction, \"sideways\""), "{}", said.err);
    let stats = place.json(&["stats"]);
    assert_eq!((&stats["customers"], &stats["customer_events"]), (&2.into(), &4.into()));
    let kept = std::fs::read_to_string(place.folder.path().join("bad.csv")).unwrap();
    assert_eq!(kept.lines().count(), 4, "{kept}");
    // The refused rows, corrected, are imported from that very file.
    let corrected = kept.replace("2026-13-05", "2026-01-05").replace("sideways", "out");
    let corrected: Vec<&str> =
        corrected.lines().filter(|line| !line.starts_with(",,,,,")).collect();
    place.file("again.csv", corrected.join("\n"));
    place.done(&["import", "again.csv", "--mapping", "calls"]);
    assert_eq!(place.json(&["stats"])["customer_events"], 6);
}

#[test]
fn files_that_cannot_be_read_on_say_where() {
    let place = Place::with_book();
    let check = |content: &[u8], expected: &str| {
        place.file("bad.csv", content);
        let said = place.say(&["import", "bad.csv", "--mapping", "calls"]);
        assert_eq!(said.code, 1, "{said:?}");
        assert!(said.err.contains(expected), "{expected}: {}", said.err);
    };
    let head = "id,customer,when,direction,what\n9,A,2026-01-05 09:30,in,";
    check(format!("{head}\"open\n").as_bytes(), "line 2, column 25: the quote opened here");
    check(format!("{head}a\0b\n").as_bytes(), "NUL byte");
    check(&[head.as_bytes(), b"\xff\n"].concat(), "line 2, column 25");
    check(b"", "the file is empty");
    check(b"\xff\xfe\0\0i\0\0\0", "UTF-32");
    check(b"\xff\xfei\0d\0", "columns are id");
    check(b"id,id\n", "columns are id, id#2");
    assert_eq!(place.json(&["stats"])["customer_events"], 0);
}

#[test]
fn the_mapping_that_the_demo_suggests_takes_a_file_of_ones_own() {
    let place = Place::with_book();
    let contacts = "\u{feff}company,name,role,phone,email,city\r\n\
        Acme Ltd,Jane Doe,purchasing,+442079460000,jane@acme.example,London\r\n\
        Acme Ltd,John Roe,,,,\r\n华东精密,王伟,采购,13800000000,,上海\r\n";
    place.file("contacts.csv", contacts);
    place.done(&["import", "contacts.csv", "--mapping", "contacts"]);
    let shown = place.done(&["show", "Acme Ltd"]);
    assert!(shown.contains("Jane Doe, purchasing, +442079460000, jane@acme.example"), "{shown}");
    let before = place.json(&["stats"]);
    place.done(&["import", "contacts.csv", "--mapping", "contacts"]);
    assert_eq!(place.json(&["stats"]), before);
    for name in ["contacts", "calls", "ibm-ar", "maven-crm"] {
        assert!(place.done(&["import", "--show", name]).contains("[import]"));
    }
}
