//! A guessed mapping takes the file in that it was guessed for.

use daybook_core::event::Kind;
use encoding_rs::GB18030;

use crate::desk::{Desk, gzip};

/// Guesses a mapping for a file and imports the file with it.
fn check(name: &str, content: &[u8], rows: u64, kinds: &[(Kind, usize)]) -> Desk {
    let desk = Desk::new();
    let mapping = desk.guess(name, content);
    let done = desk.import(&mapping, &[(name, content)]);
    assert_eq!(done.report.figures.taken, rows, "{mapping}\n{:?}", done.refused);
    for (kind, count) in kinds {
        assert_eq!(desk.events(*kind).len(), *count, "{kind}\n{mapping}");
    }
    let again = desk.import(&mapping, &[(name, content)]);
    assert_eq!(again.report.figures.events, 0);
    desk
}

fn gbk(text: &str) -> Vec<u8> {
    GB18030.encode(text).0.into_owned()
}

#[test]
fn chinese_files_in_gbk_come_in_by_guess_alone() {
    let contacts = "客户名称,联系人,职务,手机号码,电子邮箱,城市,备注\n\
        华东精密机械有限公司,王伟,采购经理,13800138000,wang@east.example,上海,老客户\n\
        华东精密机械有限公司,李娜,财务,021-62345678,,上海,\n\
        南方电子,张三,,13900139000,zhang@south.example,广州,\"两行\n备注\"\n";
    let desk = check(
        "联系人.csv",
        &gbk(contacts),
        3,
        &[(Kind::CustomerRegistered, 2), (Kind::ContactAdded, 3)],
    );
    let body = desk.bodies(Kind::ContactAdded)[0].to_string();
    assert!(body.contains("王伟") && body.contains("+8613800138000"), "{body}");

    let invoices = "发票号码,购货单位,开票日期,到期日期,价税合计(元),回款日期\n\
        00012345,华东精密机械有限公司,2025年3月1日,2025年4月1日,\"￥12,000.50\",2025年3月20日\n\
        00012346,南方电子,2025年3月5日,2025年4月5日,800.00,\n";
    let desk = check(
        "发票.csv",
        &gbk(invoices),
        2,
        &[
            (Kind::ReceivableOpened, 2),
            (Kind::InvoiceIssued, 2),
            (Kind::PaymentReceived, 1),
            (Kind::CreditApplied, 1),
        ],
    );
    let body = desk.bodies(Kind::InvoiceIssued)[0].to_string();
    assert!(body.contains("\"00012345\"") && body.contains("1200050"), "{body}");

    let visits = "客户,拜访日期,拜访方式,跟进内容\n南方电子,2025/3/5,上门,谈价格\n南方电子,2025/3/6,电话,报价\n";
    check("拜访.csv", &gbk(visits), 2, &[(Kind::InteractionRecorded, 2)]);
}

#[test]
fn a_list_of_contracts_with_what_was_paid_comes_in_by_guess_but_for_its_mistakes() {
    let contracts = "客户编号,客户名称,联系人,手机,所在城市,签约日期,合同编号,合同金额,付款日期,付款金额,备注\n\
        K001,上海华东精密机械有限公司,王伟,13800138000,上海,2025年3月5日,HT-1,\"￥128,000.00\",2025年4月8日,\"￥64,000.00\",首付\n\
        K002,广州南方电子科技有限公司,李娜,13900139000,广州,2025年3月12日,HT-2,\"￥32,500.50\",,,\n\
        K003,成都蜀山仪器厂,陈磊,028-86543210,成都,2025年4月1日,HT-3,\"￥9,999.99\",2025年4月30日,\"￥9,999.99\",全款\n\
        K001,上海华东精密机械有限公司,王伟,13800138000,上海,2025年5月6日,HT-4,\"￥1,000.00\",,,补充\n\
        K005,西安长安软件公司,赵敏,13700137000,西安,五月九日,HT-5,\"￥7,000.00\",,,日期写错\n";
    let (desk, content) = (Desk::new(), gbk(contracts));
    let mapping = desk.guess("合同.csv", &content);
    let done = desk.import(&mapping, &[("合同.csv", &content)]);
    let places: Vec<(u64, &str)> =
        done.refused.iter().map(|row| (row.line, row.column.as_str())).collect();
    assert_eq!((done.report.figures.taken, places), (4, vec![(6, "签约日期")]), "{mapping}");
    let counts = [
        (Kind::CustomerRegistered, 3),
        (Kind::ContactAdded, 3),
        (Kind::ContractSigned, 4),
        (Kind::ReceivableOpened, 4),
        (Kind::PaymentReceived, 2),
        (Kind::CreditApplied, 2),
    ];
    for (kind, count) in counts {
        assert_eq!(desk.events(kind).len(), count, "{kind}\n{mapping}");
    }
    let paid = desk.bodies(Kind::PaymentReceived)[0].to_string();
    assert!(paid.contains("6400000"), "what was paid, not what was agreed: {paid}");
}

#[test]
fn english_files_come_in_by_guess_alone() {
    let calls = "id;customer;when;direction;what\n1;Acme;2025-03-05 09:30;in;asked for a quote\n2;Acme;2025-03-05 10:30;out;sent it\n";
    check(
        "calls.csv",
        calls.as_bytes(),
        2,
        &[(Kind::InteractionRecorded, 2), (Kind::CustomerRegistered, 1)],
    );
    let deals = "Deal Name,Account,Stage,Amount,Close Date\nLathe,Acme,Proposal,\"1,200.00\",2026-03-01\nMill,,Lead,,\n";
    check("deals.csv", deals.as_bytes(), 2, &[(Kind::OpportunityOpened, 2)]);
    let payments = "Receipt No,Customer Name,Payment Date,Amount,Method\nR-1,Acme,01/26/2025,100.00,card\nR-2,Best,02/03/2025,50.50,cash\n";
    check("payments.csv.gz", &gzip(payments.as_bytes()), 2, &[(Kind::PaymentReceived, 2)]);
    let customers =
        "Company,Phone,Email,City,Odd column\nAcme,+44 20 7946 0000,a@acme.example,London,x\n";
    let desk = check("customers.csv", customers.as_bytes(), 1, &[(Kind::CustomerRegistered, 1)]);
    let mapping = desk.guess("customers.csv", customers.as_bytes());
    assert!(mapping.contains("Odd column"), "what is not used is named: {mapping}");
    let people = "{\"name\":\"Jane Doe\",\"email\":\"jane@acme.example\"}\n{\"name\":\"John\",\"email\":\"\"}\n";
    check("people.jsonl", people.as_bytes(), 2, &[(Kind::CustomerRegistered, 2)]);
}
