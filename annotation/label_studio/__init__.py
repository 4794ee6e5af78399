"""The door to Label Studio: its REST API, and what our app in it answers beyond that."""
