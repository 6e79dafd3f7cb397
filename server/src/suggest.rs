//! "Did you mean": the known word nearest to one that is not known.

/// How alike two words must be to be taken for one another: the part of the longer one that need
/// not be changed.
const LIKENESS_MIN: f64 = 0.6;
/// The most candidates that are compared.
const CANDIDATES_MAX: usize = 5000;

/// Returns the candidate that is most like a word, when one is like it at all.
pub fn nearest<T: AsRef<str>>(word: &str, candidates: impl IntoIterator<Item = T>) -> Option<T> {
    let word = word.to_lowercase();
    let mut best: Option<(f64, T)> = None;
    for candidate in candidates.into_iter().take(CANDIDATES_MAX) {
        let likeness = likeness(&word, &candidate.as_ref().to_lowercase());
        if likeness >= LIKENESS_MIN && best.as_ref().is_none_or(|(known, _)| likeness > *known) {
            best = Some((likeness, candidate));
        }
    }
    best.map(|(_, candidate)| candidate)
}

/// Words that begin alike are more alike: `payment` stands for `payment.received`.
fn likeness(word: &str, candidate: &str) -> f64 {
    let shortest = word.chars().count().min(candidate.chars().count());
    if shortest >= 3 && (candidate.starts_with(word) || word.starts_with(candidate)) {
        return 0.95;
    }
    strsim::normalized_damerau_levenshtein(word, candidate)
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn a_slip_of_the_finger_is_understood() {
        let kinds = ["invoice.issued", "payment.received", "payment.reversed"];
        assert_eq!(nearest("payment.recieved", kinds), Some("payment.received"));
        assert_eq!(nearest("invoice", kinds), Some("invoice.issued"));
        assert_eq!(nearest("weather", kinds), None);
        assert_eq!(nearest("C-10031", ["C-1001", "C-1003", "C-1033"]), Some("C-1003"));
        assert_eq!(nearest("c-0173", ["C-0172", "C-0173"]), Some("C-0173"));
        assert_eq!(nearest("华东精密", ["华东精密机械", "西北"]), Some("华东精密机械"));
    }
}
