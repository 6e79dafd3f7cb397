//! Promise (R11): the ledger takes, refuses and answers as a slow and obvious model does, and the
//! model is small enough to be read in one sitting.

#![allow(clippy::expect_used)]

#[test]
fn the_ledger_and_the_model_agree() {
    let figures = daybook_tests::reference::run(200).expect("no difference");
    let count = |name: &str| figures.get(name).and_then(serde_json::Value::as_u64).unwrap_or(0);
    assert!(count("taken") > count("requests") / 4, "most requests are refused: {figures}");
    assert!(count("taken") < count("requests") * 3 / 4, "hardly any is refused: {figures}");
}

#[test]
fn the_model_is_small_and_knows_nothing_of_the_product() {
    let model = include_str!("../src/reference/model.rs");
    let code = model.lines().filter(|line| {
        let line = line.trim();
        !line.is_empty() && !line.starts_with("//")
    });
    assert!(code.count() <= 300, "the model has more than 300 lines of code");
    for text in [model, include_str!("../src/reference/ask.rs")] {
        assert!(!text.contains("daybook"), "the model imports from the product");
    }
}
