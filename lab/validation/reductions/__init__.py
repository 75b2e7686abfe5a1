"""Markets whose results are known in closed form.

A reduction runs the compiled engine on such a market and returns checks: what the closed form
expects beside what was obtained. It takes a seed, a number of customers, and rules to exchange,
so that tests can show that it fails when a rule is wrong. The page runs the same functions with
more customers and seeds.
"""
