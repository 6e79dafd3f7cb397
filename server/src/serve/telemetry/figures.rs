//! The figures of `/metrics` in OpenTelemetry's form, so that both say the same.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::text;

/// One family of figures while it is read.
#[derive(Default)]
struct Family {
    kind: String,
    help: String,
    /// By labels: single values.
    points: Vec<(Vec<Value>, f64)>,
    /// By labels: upper bounds with cumulated counts, the sum, and the count.
    histograms: BTreeMap<String, Histogram>,
}

#[derive(Default)]
struct Histogram {
    labels: Vec<Value>,
    buckets: Vec<(f64, u64)>,
    sum: f64,
    count: u64,
}

/// Turns figures in the OpenMetrics text form into metrics.
pub(super) fn metrics(figures: &str, started: u64, now: u64) -> Vec<Value> {
    let mut families: BTreeMap<&str, Family> = BTreeMap::new();
    for line in figures.lines() {
        if let Some(rest) = line.strip_prefix("# TYPE ") {
            if let Some((name, kind)) = rest.split_once(' ') {
                families.entry(name).or_default().kind = kind.to_owned();
            }
        } else if let Some(rest) = line.strip_prefix("# HELP ") {
            if let Some((name, help)) = rest.split_once(' ') {
                families.entry(name).or_default().help = help.to_owned();
            }
        } else if !line.starts_with('#') {
            read(&mut families, line);
        }
    }
    let (started, now) = (started.to_string(), now.to_string());
    families.into_iter().map(|(name, family)| family.metric(name, &started, &now)).collect()
}

fn read(families: &mut BTreeMap<&str, Family>, line: &str) -> Option<()> {
    let (sample, value) = line.rsplit_once(' ')?;
    let value: f64 = value.parse().ok()?;
    let (name, labels) = sample.split_once('{').unwrap_or((sample, ""));
    let labels = labels.trim_end_matches('}');
    let (mut bound, mut kept, mut key) = (None, Vec::new(), String::new());
    // No value of ours holds a comma, a quote or a brace but those of a route's template.
    for label in labels.split("\",").filter(|label| !label.is_empty()) {
        let (label, value) = label.split_once("=\"")?;
        let value = value.trim_end_matches('"');
        if label == "le" {
            bound = Some(value.parse().unwrap_or(f64::INFINITY));
        } else {
            key.push_str(&format!("{label}={value};"));
            kept.push(text(label, value));
        }
    }
    let (family, part) = ["_bucket", "_sum", "_count", "_total"]
        .iter()
        .find_map(|part| Some((name.strip_suffix(part)?, *part)))
        .filter(|(family, _)| families.contains_key(family))
        .unwrap_or((name, ""));
    let family = families.get_mut(family)?;
    if family.kind != "histogram" {
        family.points.push((kept, value));
        return Some(());
    }
    let histogram = family.histograms.entry(key).or_default();
    histogram.labels = kept;
    match (part, bound) {
        ("_bucket", Some(bound)) => histogram.buckets.push((bound, value as u64)),
        ("_sum", _) => histogram.sum = value,
        ("_count", _) => histogram.count = value as u64,
        _ => {}
    }
    Some(())
}

impl Family {
    fn metric(self, name: &str, started: &str, now: &str) -> Value {
        let mut metric = json!({ "name": name, "description": self.help });
        let points: Vec<Value> = self
            .points
            .into_iter()
            .map(|(labels, value)| {
                json!({ "attributes": labels, "asDouble": value,
                    "startTimeUnixNano": started, "timeUnixNano": now })
            })
            .collect();
        let (form, content) = match self.kind.as_str() {
            "histogram" => {
                let points: Vec<Value> =
                    self.histograms.into_values().map(|one| one.point(started, now)).collect();
                ("histogram", json!({ "dataPoints": points, "aggregationTemporality": 2 }))
            }
            "counter" => (
                "sum",
                json!({ "dataPoints": points, "aggregationTemporality": 2, "isMonotonic": true }),
            ),
            _ => ("gauge", json!({ "dataPoints": points })),
        };
        if let Some(metric) = metric.as_object_mut() {
            metric.insert(form.to_owned(), content);
        }
        metric
    }
}

impl Histogram {
    fn point(self, started: &str, now: &str) -> Value {
        let mut before = 0;
        let counts: Vec<String> = self
            .buckets
            .iter()
            .map(|(_, cumulated)| {
                let own = cumulated.saturating_sub(before);
                before = *cumulated;
                own.to_string()
            })
            .collect();
        let bounds = self.buckets.iter().map(|(bound, _)| *bound).filter(|bound| bound.is_finite());
        let bounds: Vec<f64> = bounds.collect();
        json!({
            "attributes": self.labels, "count": self.count.to_string(), "sum": self.sum,
            "bucketCounts": counts, "explicitBounds": bounds,
            "startTimeUnixNano": started, "timeUnixNano": now,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_become_sums_gauges_and_histograms() {
        let figures = "# HELP daybook_calls Calls.\n# TYPE daybook_calls counter\n\
            daybook_calls_total{method=\"GET\",route=\"/v1/customers/{code}\",status=\"200\"} 3\n\
            # TYPE daybook_position gauge\ndaybook_position 42\n\
            # TYPE daybook_call_seconds histogram\n\
            daybook_call_seconds_sum{method=\"GET\"} 0.5\n\
            daybook_call_seconds_count{method=\"GET\"} 3\n\
            daybook_call_seconds_bucket{le=\"0.1\",method=\"GET\"} 2\n\
            daybook_call_seconds_bucket{le=\"+Inf\",method=\"GET\"} 3\n# EOF\n";
        let metrics = metrics(figures, 1, 2);
        assert_eq!(metrics.len(), 3);
        let calls = &metrics[1]["sum"];
        assert_eq!(calls["isMonotonic"], true);
        assert_eq!(calls["dataPoints"][0]["asDouble"], 3.0);
        let route = &calls["dataPoints"][0]["attributes"][1];
        assert_eq!(*route, text("route", "/v1/customers/{code}"));
        let seconds = &metrics[0]["histogram"]["dataPoints"][0];
        assert_eq!(seconds["bucketCounts"], json!(["2", "1"]));
        assert_eq!(seconds["explicitBounds"], json!([0.1]));
        assert_eq!((&seconds["count"], &seconds["sum"]), (&json!("3"), &json!(0.5)));
        assert_eq!(metrics[2]["gauge"]["dataPoints"][0]["asDouble"], 42.0);
    }
}
