"""The kinds of the group as frozen structs. Nothing outside this package knows the wire form of a custom resource."""
