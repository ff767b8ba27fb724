import configparser

_parser = configparser.ConfigParser()
_parser.read("sync.ini")
ACCOUNT = (_parser.get("partner", "user", fallback="sync"), _parser.get("partner", "password", fallback=""))
PROXIES = dict(_parser.items("proxies")) if _parser.has_section("proxies") else None
