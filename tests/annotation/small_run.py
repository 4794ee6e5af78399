"""The recipe of a run that costs next to nothing: one filter, no near duplicates, nothing masked."""


def small_recipe(*sources, name="river", policy="short.toml", more=""):
    """Return a recipe over `<source>.jsonl` files, with whatever else stands before its deduplication."""
    tables = "".join(f'[[sources]]\nname = "{one}"\npath = "{one}.jsonl"\n' for one in sources)
    return f"""
[recipe]
name = "{name}"
policy = "{policy}"
filters = ["length"]
personal_data = "off"
packs = []
{tables}{more}[dedup]
near = false
"""


def recipe_of(name, cut):
    """Return the recipe of one of two runs that differ in whether boilerplate is cut: "true" or "false"."""
    return small_recipe("a", name=name, policy=f"{name}.toml", more=f"[normalize]\ncut_boilerplate = {cut}\n")
