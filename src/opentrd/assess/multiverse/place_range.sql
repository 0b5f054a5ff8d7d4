-- place_range: one row is one value of a parameter inside one range of values. A person is worked out once for all neighbouring
--              values of a parameter that make no difference to them; their rows carry the range.
--   parameter
--   code     the range: place of its first value * 1000 + place of its last value
--   place    place of a value in it (multiverse.grid)
SELECT f.parameter, CAST(f.place * 1000 + t.place AS BIGINT) AS code, CAST(p.place AS BIGINT) AS place
FROM multiverse.grid AS f
JOIN multiverse.grid AS t ON t.parameter = f.parameter AND t.place >= f.place
JOIN multiverse.grid AS p ON p.parameter = f.parameter AND p.place >= f.place AND p.place <= t.place
