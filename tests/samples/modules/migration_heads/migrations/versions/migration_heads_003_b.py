revision = "b"
down_revision = "migration_heads_001"
