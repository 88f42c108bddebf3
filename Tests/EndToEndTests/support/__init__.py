"""What the end-to-end tests stand on: servers, clients, terminals and pictures."""
