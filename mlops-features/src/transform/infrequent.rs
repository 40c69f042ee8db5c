//! Categories that are too rare to have a number each.

use mlops_core::JsonFloat;
use serde::{Deserialize, Serialize};

use super::TransformError;

/// Which categories are infrequent and so share one number; by default none is.
///
/// It is scikit-learn's rule (`min_frequency`, `max_categories` of `OneHotEncoder` and `OrdinalEncoder`): first, those in
/// fewer rows than `min_count`, or than `min_share` of all rows (nulls included). Then, if the others and the shared one
/// are more than `max_categories`, the rarest of all, until just so many are left; of categories that are as frequent as
/// each other, the earlier ones go. As there, one is also made infrequent where there are just `max_categories`, since
/// the number that is shared counts even if nobody shares it yet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Infrequent {
    /// In how many rows a category must be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_count: Option<u64>,
    /// In which share of the rows a category must be, above 0 and below 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_share: Option<JsonFloat>,
    /// How many categories there may be, the shared one included; 1 or more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_categories: Option<u32>,
}

/// The places of categories when those that are infrequent share one, which comes last.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Grouped {
    /// By category.
    pub(crate) places: Vec<u32>,
    /// How many places there are.
    pub(crate) groups: u32,
    /// The place that is shared.
    pub(crate) infrequent: Option<u32>,
}

impl Infrequent {
    /// Whether there is no rule.
    #[must_use]
    pub fn is_nothing(&self) -> bool {
        *self == Self::default()
    }

    pub(crate) fn check(&self) -> Result<(), TransformError> {
        if let Some(JsonFloat(share)) = self.min_share
            && !(0.0 < share && share < 1.0)
        {
            let allowed = "above 0 and below 1";
            return Err(TransformError::Parameter { parameter: "min_share", got: share.to_string(), allowed });
        }
        if self.max_categories == Some(0) {
            let allowed = "1 or more";
            return Err(TransformError::Parameter { parameter: "max_categories", got: "0".into(), allowed });
        }
        Ok(())
    }

    /// Gives each category its place; `counts` says in how many of the `rows` each was.
    pub(crate) fn group(&self, counts: &[u64], rows: u64) -> Grouped {
        let least = self.min_share.map(|share| rows as f64 * share.0);
        let is_rare = |count: u64| {
            self.min_count.is_some_and(|least| count < least) || least.is_some_and(|least| (count as f64) < least)
        };
        let mut rare: Vec<bool> = counts.iter().map(|&count| is_rare(count)).collect();
        let frequent = rare.iter().filter(|rare| !**rare).count();
        if let Some(most) = self.max_categories
            && frequent + 1 > most as usize
        {
            let mut order: Vec<usize> = (0..counts.len()).collect();
            order.sort_by_key(|&category| counts[category]);
            let keep = most.saturating_sub(1) as usize;
            order.iter().take(counts.len().saturating_sub(keep)).for_each(|&category| rare[category] = true);
        }
        let frequent = rare.iter().filter(|rare| !**rare).count() as u32;
        let infrequent = rare.contains(&true).then_some(frequent);
        let mut next = 0..;
        let places = rare.iter().map(|&rare| if rare { frequent } else { next.next().unwrap_or(frequent) });
        Grouped { places: places.collect(), groups: frequent + u32::from(infrequent.is_some()), infrequent }
    }
}

#[cfg(test)]
mod tests {
    use super::Infrequent;

    #[test]
    fn the_earlier_of_equally_frequent_ones_go() {
        // sklearn 1.9.1: OneHotEncoder(max_categories=3)._identify_infrequent(np.array([2, 2, 2, 5]), 11, 0) == [0, 1]
        let rule = Infrequent { max_categories: Some(3), ..Infrequent::default() };
        let grouped = rule.group(&[2, 2, 2, 5], 11);
        assert_eq!((grouped.places, grouped.groups, grouped.infrequent), (vec![2, 2, 0, 1], 3, Some(2)));
        assert_eq!(rule.group(&[1], 1).infrequent, None);
        // Three categories and the shared one, which nobody needs, are four.
        assert_eq!(rule.group(&[3, 1, 3], 7).places, [0, 2, 1]);
    }
}
