"""Objects as tables for people: what ``kubectl get`` prints."""
