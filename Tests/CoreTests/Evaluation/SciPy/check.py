"""Reads lines of JSON {"now": [...], "before": [...], "exact": bool} and prints what SciPy says of each."""
import json
import sys

from scipy.stats import mannwhitneyu

for line in sys.stdin:
    case = json.loads(line)
    method = "exact" if case["exact"] else "asymptotic"

    def ask(alternative):
        return mannwhitneyu(case["now"], case["before"], alternative=alternative, method=method)

    both = ask("two-sided")
    print(json.dumps({
        "u": float(both.statistic), "both": float(both.pvalue),
        "higher": float(ask("greater").pvalue), "lower": float(ask("less").pvalue)}))
