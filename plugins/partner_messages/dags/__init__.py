"""The DAGs that the wheel has in it, for the one file in `dags/` that shows them to Airflow.

```python
from airflow.sdk import DAG  # Airflow reads the files that speak of DAGs and of airflow.
from partner_messages.dags import shipped_dags
globals().update(shipped_dags())
```
"""

from __future__ import annotations

import importlib
from importlib import resources
from typing import Any

from partner_messages.config.settings import SettingsError


def shipped_dags() -> dict[str, Any]:
    """Every DAG of the wheel, by its id.

    Raises:
        SettingsError: The package was copied, and not installed: then its DAGs are the files that were copied with it.
    """
    files = (file.name for file in resources.files(__name__).iterdir())
    names = sorted(name.removesuffix(".py") for name in files if name.endswith(".py") and name != "__init__.py")
    if not names:
        raise SettingsError(
            "There are no DAGs in partner_messages, because its folder was copied: copy dags/ too and delete the file"
            " that asks for them here, or install the wheel partner-messages and delete the folder."
        )
    return {name: importlib.import_module(f"{__name__}.{name}").the_dag for name in names}
