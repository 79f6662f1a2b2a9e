"""The keyed engine: queue, informers, references and leadership. It knows no kind of ours."""
