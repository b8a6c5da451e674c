revision = "a"
down_revision = "migration_heads_001"
