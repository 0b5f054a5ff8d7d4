"""Pairwise meta-analysis: models, heterogeneity, meta-regression, dependent effects, small-study effects."""
