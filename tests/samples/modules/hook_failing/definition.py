"""A hook that raises."""


def on_enable(platform_id: int) -> None:
    raise RuntimeError(f"not on platform {platform_id}")
