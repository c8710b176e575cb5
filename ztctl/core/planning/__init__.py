"""From both sides to a plan: match, compare, order, prove, guard."""
