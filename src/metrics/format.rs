use std::collections::HashSet;

/// How metrics are written down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// `OpenMetrics` 1.0, for who asks for it.
    OpenMetrics,
    /// Prometheus' own text format 0.0.4, for everybody else.
    Text,
}

impl Format {
    /// The best that a scraper takes, by its `Accept`.
    pub fn accepted(accept: &str) -> Self {
        if accept.contains("application/openmetrics-text") { Self::OpenMetrics } else { Self::Text }
    }

    /// As `Content-Type` says it.
    pub fn media_type(self) -> &'static str {
        match self {
            Self::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
            Self::Text => "text/plain; version=0.0.4; charset=utf-8",
        }
    }

    /// Writes down what is given in `OpenMetrics`.
    pub(super) fn of(self, openmetrics: String) -> String {
        match self {
            Self::OpenMetrics => openmetrics,
            Self::Text => text(&openmetrics),
        }
    }
}

/// There a counter is described under the name that its samples have, and neither units nor an end are told.
fn text(openmetrics: &str) -> String {
    let types = openmetrics.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.strip_suffix(" counter"));
    let counters: HashSet<&str> = types.collect();
    let mut out = String::with_capacity(openmetrics.len());
    for line in openmetrics.lines().filter(|line| *line != "# EOF" && !line.starts_with("# UNIT ")) {
        match described(line).filter(|(_, name, _)| counters.contains(name)) {
            Some((keyword, name, rest)) => out.extend([keyword, name, "_total ", rest]),
            None => out.push_str(line),
        }
        out.push('\n');
    }
    out
}

/// The keyword of a line that describes a metric, the metric's name, and what is said of it.
fn described(line: &str) -> Option<(&str, &str, &str)> {
    let (keyword, rest) = line.split_at_checked("# HELP ".len())?;
    let (name, said) = rest.split_once(' ')?;
    matches!(keyword, "# HELP " | "# TYPE ").then_some((keyword, name, said))
}
