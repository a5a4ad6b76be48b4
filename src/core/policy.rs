//! What a session is configured with.

#[cfg(feature = "mutations")]
use super::rule::Rule;
use super::time::Millis;
use super::verdict::Rules;

/// What the machine is configured with; part of the contract.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "independent facts")]
pub struct Policy {
    /// How answers are judged.
    pub rules: Rules,
    /// How long one of the SDK's own requests may take. Default 10 s.
    pub timeout: Millis,
    /// The longest span before a token's end in which it is renewed in the background. Default 60 s.
    pub lead: Millis,
    /// Whether the contract has a request that reads the session.
    pub reads_session: bool,
    /// Whether the refresh token comes in the body, so that this tab has it, and no other.
    pub by_body: bool,
    /// Whether there are a lock and a stamp that the tabs of the profile share.
    pub shared: bool,
    /// Whether a tab hands its token to another one that asks. If not, each refreshes for itself, one after the other.
    pub gives: bool,
    /// The rule that is not kept.
    #[cfg(feature = "mutations")]
    pub without: Option<Rule>,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            rules: Rules::default(),
            timeout: Millis(10_000),
            lead: Millis(60_000),
            reads_session: true,
            by_body: false,
            shared: true,
            gives: true,
            #[cfg(feature = "mutations")]
            without: None,
        }
    }
}

impl core::hash::Hash for Policy {
    /// Sessions that are told apart by this have one policy, as a rule.
    fn hash<H: core::hash::Hasher>(&self, _: &mut H) {}
}
