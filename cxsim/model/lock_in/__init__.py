"""What ties customers to a firm beside what it knows: programmes and contracts."""
