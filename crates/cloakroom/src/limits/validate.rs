//! Judges `[limits]`.

use crate::config::{Complaint, Limits};

/// Complains about network widths that would count nothing: without a width, no attempt would be counted by network.
pub(crate) fn validate(limits: &Limits) -> Vec<Complaint> {
    [("limits.ipv4_widths", &limits.ipv4_widths, 32), ("limits.ipv6_widths", &limits.ipv6_widths, 64)]
        .into_iter()
        .filter(|(_, widths, most)| widths.is_empty() || widths.iter().any(|width| width.bits > *most))
        .map(|(key, _, most)| {
            Complaint::new(key, format!("must be one or more prefix lengths of at most {most}"))
        })
        .collect()
}
