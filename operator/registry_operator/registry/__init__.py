"""What the operator knows of CNCF distribution: its configuration, its password file, its TLS and its HTTP API."""
