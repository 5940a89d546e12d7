"""The language codes under which Meta takes templates (its page "Supported languages")."""

from __future__ import annotations

_CODES = (
    "af ar az bg bn ca cs da de el en en_AU en_CA en_GB en_IN en_US es es_AR es_ES es_MX et fa fi fil fr ga gu "
    "ha he hi hr hu id it ja ka kk kn ko ky_KG lo lt lv mk ml mr ms nb nl pa pl pt_BR pt_PT ro ru rw_RW sk sl sq sr "
    "sv sw ta te th tr uk ur uz vi zh_CN zh_HK zh_TW zu"
)
META_LANGUAGES = frozenset(_CODES.split())
