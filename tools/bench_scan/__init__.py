"""What scanning a long clip costs whose analysis is kept."""
