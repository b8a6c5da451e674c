revision = "b"
down_revision = "lost"
