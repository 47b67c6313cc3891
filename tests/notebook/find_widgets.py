"""Find the widgets of a panel by their CSS class, as a browser does."""


def find(widget, name):
    """Return the widget inside another that has the class charlstm-NAME."""
    found = [widget] if f"charlstm-{name}" in getattr(widget, "_dom_classes", ()) else []
    for child in getattr(widget, "children", ()):
        found += find(child, name)
    return found


def one(widget, name):
    (found,) = find(widget, name)
    return found
