"""Settings of the oTree project; what is secret comes from the environment."""

import os
import sys

for name in ("OTREE_SECRET_KEY", "OTREE_ADMIN_PASSWORD", "ENGINE_TOKEN"):
    if len(os.environ.get(name, "")) < 8:
        sys.exit(f"{name}: expected at least 8 characters, found fewer")

SESSION_CONFIGS = [
    {
        "name": "market",
        "display_name": "A market for four teams",
        "app_sequence": ["market"],
        "num_demo_participants": 4,
        "seconds": 360,  # for a decision; 0: no limit
    }
]
SESSION_CONFIG_DEFAULTS = {"real_world_currency_per_point": 1.0, "participation_fee": 0.0}
ROOMS = [
    {
        "name": "class",
        "display_name": "Class",
        "participant_label_file": "teams.txt",
        "use_secure_urls": True,  # a changed label with another's hash is refused
    }
]
PARTICIPANT_FIELDS = []
SESSION_FIELDS = []
LANGUAGE_CODE = "en"
REAL_WORLD_CURRENCY_CODE = "EUR"
USE_POINTS = True
ADMIN_USERNAME = "admin"
ADMIN_PASSWORD = os.environ["OTREE_ADMIN_PASSWORD"]
SECRET_KEY = os.environ["OTREE_SECRET_KEY"]  # the hashes of links follow from it
# Without these, pages show their variables at the foot, and data and links are open to all.
DEBUG = False
AUTH_LEVEL = "STUDY"
