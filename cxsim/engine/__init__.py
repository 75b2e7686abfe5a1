"""Two engines, one behaviour: compiled columns, and one Mesa agent per customer."""
