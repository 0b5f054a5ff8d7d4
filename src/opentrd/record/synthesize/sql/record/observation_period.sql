SELECT person_id, observed_from AS start_date, observed_to AS end_date FROM person ORDER BY number
