//! What a mapping can say.

use daybook_core::event::Kind;
use serde_json::Value;

use crate::desk::{CALLS, Desk};

const ORDERS: &str = r##"
[import]
source = "shop"
zone = "America/Sao_Paulo"

[[table]]
name = "people"
file = "people.csv"
key = "id"

[[file]]
name = "orders"
file = "orders*.csv"
row_key = ["order"]
customer = { column = "person", table = "people", gives = "code" }
effective = { column = ["paid", "placed"], format = ["%Y-%m-%d %H:%M", "%Y-%m-%d"] }

[[file.event]]
command = "register_customer"
once_per = "customer"
[file.event.fields]
kind = "person"
source = "web"
details.name = { column = "person", table = "people", gives = ["nick", "name"] }
details.postal_code = { column = "person", table = "people", gives = "zip", pad = 5 }

[[file]]
name = "lines"
file = "lines.csv"
row_key = ["order", "line"]
document = ["order"]
repeated = "skip"
customer = { file = "orders", key = "{order}" }
effective = { value = "2026-01-03", format = "%Y-%m-%d" }
amount = { column = "price", times = "quantity", plus = ["freight"], money = "BRL", decimal = ",", thousands = "." }

[[file.event]]
command = "sign_contract"
[file.event.fields]
contract = "{order}"
signed_on = "2026-01-03"
total = { column = "price", plus = ["freight"], times = "quantity", sum = true, money = "BRL", decimal = ",", thousands = "." }
debt_opened_by = "invoices"
[file.event.fields.lines.each]
line = { template = "{#}", integer = true }
product = "{product}"
quantity_thousandths = { column = "quantity", integer = true, scale = 1000, decimal = "," }
unit_price = { column = "price", money = "BRL", decimal = ",", thousands = "." }
amount = { column = "price", times = "quantity", money = "BRL", decimal = ",", thousands = "." }

[[file]]
name = "payments"
file = "payments.csv"
optional = true
row_key = ["payment"]
customer = { contract = "{order}" }
effective = { value = "2026-01-04", format = "%Y-%m-%d" }
amount = { column = "value", money = "BRL" }
skip = [{ column = "value", below = "0.01" }]

[[file.event]]
command = "receive_payment"
[file.event.fields]
receipt = "{payment}"
amount = { column = "value", money = "BRL" }
value_on = "2026-01-04"

[[file.event]]
command = "apply_credit"
tolerate = ["nothing_to_apply"]
[file.event.fields]
credit_kind = "receipt"
credit = "{payment}"
method = "fifo"
"##;

const PEOPLE: &[u8] = b"id,code,name,nick,zip\n1,P-A,Ana Silva,,1234\n2,P-B,Bruno,Bru,01235\n";
const ORDER_ROWS: &[u8] = b"order,person,placed,paid\nO-1,1,2026-01-01,2026-01-01 22:30\nO-2,2,2026-01-02,\nO-3,9,2026-01-02,\n";
const LINE_ROWS: &[u8] =
    "order,line,product,quantity,price,freight\nO-1,1,lamp,2,\"1.000,50\",\"0,50\"\n\
    O-2,1,desk,1,R$ 10,\nO-1,2,bulb,\"1,5\",\"2,00\",\nO-1,2,bulb,\"1,5\",\"2,00\",\nO-9,1,x,1,1,\n"
        .as_bytes();
const PAYMENT_ROWS: &[u8] = b"payment,order,value\nR-1,O-1,7.00\nR-2,O-2,0.0\nR-3,O-7,1.00\n";

fn at<'v>(value: &'v Value, path: &str) -> &'v Value {
    let inner = value.as_object().and_then(|object| object.values().next());
    let body = if value.pointer(path).is_some() { value } else { inner.unwrap_or(value) };
    body.pointer(path).unwrap_or_else(|| panic!("{path} in {value}"))
}

#[test]
fn files_refer_to_each_other_and_rows_become_documents() {
    let desk = Desk::new();
    let files = [
        ("payments.csv", PAYMENT_ROWS),
        ("people.csv", PEOPLE),
        ("lines.csv", LINE_ROWS),
        ("orders-1.csv", ORDER_ROWS),
    ];
    let done = desk.import(ORDERS, &files);
    let codes: Vec<(&str, u64, &str)> =
        done.refused.iter().map(|row| (row.file.as_str(), row.line, row.code.as_str())).collect();
    assert_eq!(
        codes,
        [
            ("orders-1.csv", 4, "value_invalid"),
            ("lines.csv", 6, "customer_not_found"),
            ("payments.csv", 4, "customer_not_found"),
        ]
    );
    let figures = &done.report.figures;
    assert_eq!((figures.rows, figures.taken, figures.skipped), (11, 6, 2));

    let customers = desk.events(Kind::CustomerRegistered);
    assert_eq!(customers.len(), 2);
    let ana = customers[0].body.to_json().unwrap().to_string();
    assert!(ana.contains("Ana Silva") && ana.contains("01234"), "{ana}");
    assert_eq!(customers[0].envelope.effective_at.to_string(), "2026-01-02T01:30:00Z");
    assert!(customers[1].body.to_json().unwrap().to_string().contains("Bru"));

    let contracts = desk.bodies(Kind::ContractSigned);
    assert_eq!(contracts.len(), 2);
    // The document O-1 ends behind that of O-2; its repeated row is left out.
    let first = contracts.iter().find(|body| body.to_string().contains("O-1")).unwrap();
    assert_eq!(at(first, "/total/minor"), 2 * 100_050 + 2 * 50 + 300);
    assert_eq!(at(first, "/lines").as_array().unwrap().len(), 2);
    assert_eq!(at(first, "/lines/1/quantity_thousandths"), 1500);
    assert_eq!(at(first, "/lines/1/line"), 2);

    let lines = done.report.files.iter().find(|file| file.name == "lines.csv").unwrap();
    let amounts = &lines.amounts[0];
    assert_eq!(amounts.read, amounts.taken + amounts.refused + amounts.skipped);
    assert_eq!((amounts.refused, amounts.skipped), (100, 300));
    // Nothing opened a debt, and the payment stands all the same.
    assert_eq!(desk.events(Kind::PaymentReceived).len(), 1);
    assert!(done.report.problems.iter().any(|problem| problem.tolerated && problem.count == 1));

    let again = desk.import(ORDERS, &files);
    assert_eq!(again.report.figures.events, 0);
    assert_eq!(again.report.figures.known, 6);
    // A later delivery finds the order's customer by the contract in the ledger.
    let late: &[u8] = b"order,person,placed,paid\n";
    let later = desk.import(
        ORDERS,
        &[
            ("people.csv", PEOPLE),
            ("orders.csv", late),
            ("lines.csv", b"order,line,product,quantity,price,freight\n"),
            ("payments.csv", b"payment,order,value\nR-9,O-2,5.00\n"),
        ],
    );
    assert_eq!(later.report.figures.taken, 1, "{:?}", later.refused);
}

#[test]
fn files_that_are_missing_or_unknown_are_named() {
    let desk = Desk::new();
    let refused = |files: &[(&str, &[u8])]| {
        let files = files.iter().map(|(name, content)| desk.file(name, *content)).collect();
        let Err(error) = desk.try_import(ORDERS, files, false) else { panic!("it was taken") };
        (error.code(), error.to_string())
    };
    let (code, said) = refused(&[("people.csv", PEOPLE)]);
    assert_eq!(code, "file_missing");
    assert!(said.contains("orders*.csv"), "{said}");
    let all = [
        ("people.csv", PEOPLE),
        ("orders.csv", ORDER_ROWS),
        ("lines.csv", LINE_ROWS),
        ("cats.csv", PEOPLE),
    ];
    let (code, said) = refused(&all);
    assert_eq!(code, "file_unknown");
    assert!(said.contains("cats.csv"), "{said}");
    let twice: &[u8] = b"id,code,name,nick,zip\n1,P-A,Ana,,1\n1,P-X,Ana,,1\n";
    assert_eq!(
        refused(&[("people.csv", twice), ("orders.csv", ORDER_ROWS), ("lines.csv", LINE_ROWS)]).0,
        "table_ambiguous"
    );
}

#[test]
fn customers_on_file_are_found_by_what_is_theirs() {
    let desk = Desk::new();
    let contacts = r#"
[import]
source = "contacts"
row_key = ["code"]
customer = "{code}"
[[event]]
command = "register_customer"
once_per = "customer"
[event.fields]
kind = "company"
source = "import"
details.name = "{name}"
details.email = "{mail}"
details.phone = "{phone}"
"#;
    let rows = "code,name,mail,phone\nC-1,华东机械,a@east.example,021-5550001\nC-2,Acme,b@acme.example,021-5550002\nC-3,Acme,c@acme.example,021-5550003\n";
    let done = desk.import(contacts, &[("contacts.csv", rows.as_bytes())]);
    assert_eq!(done.report.figures.taken, 3, "{:?}", done.refused);
    for (way, calls, code) in [
        ("email", "1,A@East.example,2026-01-02,x", ""),
        ("phone", "2,+86 21 5550002,2026-01-02,x", ""),
        ("name", "3,华东机械,2026-01-02,x", ""),
        ("name", "4,Acme,2026-01-02,x", "customer_ambiguous"),
        ("name", "5,Nobody,2026-01-02,x", "customer_not_found"),
    ] {
        let mapping = CALLS.replace(
            "customer = \"{customer}\"\neffective",
            &format!("customer = {{ {way} = \"{{customer}}\" }}\neffective"),
        );
        let done = desk.import(
            &mapping,
            &[("calls.csv", format!("id,customer,when,what\n{calls}\n").as_bytes())],
        );
        let found: Vec<&str> = done.refused.iter().map(|row| row.code.as_str()).collect();
        assert_eq!(found, if code.is_empty() { vec![] } else { vec![code] }, "{calls}");
    }
    let streams: Vec<String> = desk
        .events(Kind::InteractionRecorded)
        .iter()
        .map(|event| event.envelope.stream.to_string())
        .collect();
    assert_eq!(streams, ["customer/C-1", "customer/C-2", "customer/C-1"]);
    let mapping = CALLS.replace(
        "customer = \"{customer}\"\neffective",
        "customer = { name = \"{customer}\", otherwise = \"{customer}\" }\neffective",
    );
    let done =
        desk.import(&mapping, &[("calls.csv", b"id,customer,when,what\n6,New,2026-01-02,x\n")]);
    assert_eq!(done.report.figures.taken, 1);
}

#[test]
fn a_dry_run_says_everything_and_keeps_nothing() {
    let desk = Desk::new();
    let before = desk.ledger.reader().head().next;
    let rows = "id,customer,when,what\n1,Acme,2026-01-02,x\n2,ACME.,2026-01-02,y\n3,B,soon,z\n4,C,later,z\n5,Acme,2036-01-01,z\n6,Acme,2026-01-02,x\n";
    let done = desk.try_import(CALLS, vec![desk.file("calls.csv", rows.as_bytes())], true).unwrap();
    let report = &done.report;
    assert_eq!(desk.ledger.reader().head().next, before);
    assert_eq!((report.figures.taken, report.figures.refused), (3, 3));
    let kinds: Vec<(&str, u64)> =
        report.kinds.iter().map(|kind| (kind.kind.as_str(), kind.events)).collect();
    assert_eq!(kinds, [("customer.registered", 2), ("interaction.recorded", 3)]);
    assert!(report.first[0].to_string().contains("record_interaction"), "{:?}", report.first);
    assert_eq!(report.problems[0].count, 2);
    assert_eq!(
        (report.problems[0].example.line, report.problems[0].example.column.as_str()),
        (4, "when")
    );
    assert!(report.problems.iter().any(|problem| problem.example.line == 6), "a rule refused it");
    assert_eq!(report.duplicates.len(), 1);
    assert_eq!(report.duplicates[0].customer.as_str(), "ACME.");
    assert_eq!(report.duplicates[0].other.as_str(), "Acme");
    assert_eq!(report.applied_at, None);
}

#[test]
fn overlapping_deliveries_and_other_content_are_told_apart() {
    let desk = Desk::new();
    let first = b"id,customer,when,what\n1,A,2026-01-02,x\n2,A,2026-01-02,y\n";
    let second =
        b"id,customer,when,what\n2,A,2026-01-02,y\n3,A,2026-01-02,z\n1,A,2026-01-02,CHANGED\n";
    assert_eq!(desk.import(CALLS, &[("january.csv", first)]).report.figures.taken, 2);
    let done = desk.import(CALLS, &[("february.csv", second)]);
    let figures = &done.report.figures;
    assert_eq!((figures.known, figures.taken, figures.refused), (1, 1, 1));
    assert_eq!(done.refused[0].code, "idempotency_key_reused");
    assert_eq!(desk.said(), ["x", "y", "z"]);
}

#[test]
fn lines_of_invoices_become_invoices_and_credit_notes() {
    let desk = Desk::new();
    let mapping = include_str!("../../../cli/mappings/invoice-lines.toml");
    let lines = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n\
        536365,85123A,HEART,6,2010-12-01 08:26:00,2.55,17850,United Kingdom\n\
        536365,71053,LANTERN,2,2010-12-01 08:26:00,3.39,17850,United Kingdom\n\
        536365,71053,LANTERN,2,2010-12-01 08:26:00,3.39,17850,United Kingdom\n\
        536366,22633,\"WARMER, HAND\",1,2010-12-01 08:28,1.85,,United Kingdom\n\
        C536379,D,Discount,-1,2010-12-01 09:41:00,27.50,17850,United Kingdom\n";
    let done = desk.import(mapping, &[("lines.csv", lines.as_bytes())]);
    let figures = &done.report.figures;
    assert_eq!((figures.taken, figures.skipped), (4, 1), "{:?}", done.refused);
    let amounts = &done.report.files[0].amounts[0];
    assert_eq!((amounts.read, amounts.taken, amounts.skipped), (321, -357, 678));
    let of = |kind: Kind| desk.bodies(kind).iter().map(Value::to_string).collect::<Vec<_>>();
    let (invoices, notes) = (of(Kind::InvoiceIssued), of(Kind::CreditNoteIssued));
    assert!(invoices[0].contains("2208") && invoices[1].contains("185"), "{invoices:?}");
    assert!(notes.len() == 1 && notes[0].contains("2750"), "{notes:?}");
}
