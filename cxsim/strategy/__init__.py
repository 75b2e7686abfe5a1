"""Questions of strategy: each with its statistic and its figure side by side."""
