"""What calls for attention: an abnormal regional index, an enterprise far off or getting worse.

The index is a rating scheme whose outcome is a label; the rule of the enterprises is a TOML file
beside this module, read by the same loader. A decision compares posted integers by
cross-multiplication and names the condition that held.
"""

from tanma.domain.rating.attention.enterprises import EnterpriseRule, Standing, reasons
from tanma.domain.rating.attention.regional import IndexRule, Totals, Verdict, judge
from tanma.domain.rating.attention.rules import enterprise_rule, index_rule, parse_rule

__all__ = [
    "EnterpriseRule", "IndexRule", "Standing", "Totals", "Verdict", "enterprise_rule",
    "index_rule", "judge", "parse_rule", "reasons",
]  # fmt: skip
