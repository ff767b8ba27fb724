"""Lists the plug-ins that are installed beside this program."""
import pkg_resources


def main():
    for entry in pkg_resources.iter_entry_points("reporter.plugins"):
        print(entry.name, entry.module_name)


main()
