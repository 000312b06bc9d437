#!/usr/bin/env bash
# Checks the subjects of commits, as CONTRIBUTING.md asks for them:  tools/check-commits.sh [RANGE]
#
# Without a range it checks every commit since the rule was adopted.
set -euo pipefail
cd "$(dirname "$0")/.."

# The last commit before the rule.
adopted=ec356d3
if [ $# -eq 0 ] && ! git cat-file -e "$adopted^{commit}" 2>/dev/null; then
    echo "tools/check-commits.sh: this clone has no history to check" >&2
    exit 0
fi

git log --no-merges --format='%h%x09%s' "${1:-$adopted..HEAD}" | awk -F '\t' '
    function complain(rule) { print $1 ": " rule ": " $2; failed = 1 }
    {
        words = $2
        sub(/^[^:]*: /, "", words)
        split(words, word, " ")
        first = tolower(word[1])
        if (length($2) > 72) complain("longer than 72 characters")
        if ($2 !~ /^[a-z0-9_.\/-]+(, [a-z0-9_.\/-]+)*: /) complain("no area in front, as in `flow/login: `")
        else if (first ~ /^(a|an|the|what|who|how|when|where|which|no|some|this|that)$/) complain("not an imperative")
        else if (first ~ /(ed|ing)$/ && first !~ /^(embed|feed|need|seed|speed|bring|string)$/) complain("not an imperative")
        if ($2 ~ /;/) complain("more than one purpose")
        if ($2 ~ /\.$/) complain("ends in a full stop")
    }
    END { exit failed }
'
