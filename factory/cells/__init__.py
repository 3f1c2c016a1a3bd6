"""What the cells of somebody's list say: tables, headers, dates, addresses, ISBNs, countries, licences."""
