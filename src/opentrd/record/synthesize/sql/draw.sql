-- Chance without state: every draw is a digest of (seed, person, what is drawn), so person k is the same whatever
-- the number of persons, the chunk or the format. MD5 is used because its value is fixed by a standard (RFC 1321);
-- DuckDB's own hash() may change between versions.
--
-- bits(person, what)          64 evenly spread bits
-- part(bits, i)               the i-th group of 10 bits (i from 0 to 5): a whole number from 0 to 1023, a slot
-- share(bits, i)              the same as a number from 0 to below 1
-- spread(bits, i, width)      a whole number from 0 to below width
-- noise(bits)                 a sum of three even draws with mean 0 and standard deviation 1, between -3 and 3;
--                             arithmetic only, so it does not depend on the machine's mathematical library
CREATE OR REPLACE TEMP MACRO bits(person, what) AS
    md5_number_lower(concat(getvariable('synthetic_seed'), '/', person, '/', what));

CREATE OR REPLACE TEMP MACRO part(drawn, i) AS CAST((drawn >> (10 * i)) & 1023 AS INTEGER);

CREATE OR REPLACE TEMP MACRO share(drawn, i) AS part(drawn, i) / 1024.0;

CREATE OR REPLACE TEMP MACRO spread(drawn, i, width) AS
    CAST((CAST(width AS BIGINT) * part(drawn, i)) // 1024 AS INTEGER);

CREATE OR REPLACE TEMP MACRO noise(drawn) AS (part(drawn, 3) + part(drawn, 4) + part(drawn, 5) - 1534.5) / 512.0;
