from pathlib import Path
def check(folder: Path | None = None) -> list[str]:
    return []
