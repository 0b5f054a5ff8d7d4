-- macros: how one cell of text is read. Every macro gives NULL for what it does not understand.
--   text_of       the text without surrounding white space; empty is NULL
--   any_day       first day of YYYY-MM-DD, YYYYMMDD, YYYY-MM, YYYY or an ISO date-time (its date part)
--   earliest_day, latest_day   the same as an interval of days. Outside 1850 to 2199 a date is a placeholder or a
--                 slip: nobody alive was treated then.
--   means_no_end  a day of the year 9999, which registers write where nothing has ended
--   number_of     a finite number with a decimal point
--   count_of      a whole number of days or sessions, at least 1. 45,000 days are 123 years: more is a code for
--                 "not known" or a slip, and would run out of the calendar.
--   improvement_of   a percentage from -500 to 100
--   truth_of      true/false, yes/no, 1/0
--   name_key      a name without regard to case and spacing
--   code_key      a code without regard to case; ICD codes are written with and without their dot
CREATE OR REPLACE TEMP MACRO text_of(cell) AS
  CASE WHEN cell = '' THEN NULL
       WHEN ascii(cell) BETWEEN 33 AND 126 AND ascii(right(cell, 1)) BETWEEN 33 AND 126 THEN cell  -- nothing to trim
       ELSE nullif(trim(cell, ' ' || chr(9) || chr(10) || chr(13) || chr(160)), '') END;

CREATE OR REPLACE TEMP MACRO day_part(cell) AS
  CASE WHEN length(cell) = 10 THEN cell
       WHEN regexp_full_match(substr(cell, 11),
              '[T ][0-2]\d(:[0-5]\d(:[0-6]\d([.,]\d+)?)?)?( ?(Z|[+-]\d\d(:?\d\d)?))?') THEN left(cell, 10)
  END;

CREATE OR REPLACE TEMP MACRO any_day(cell) AS
  CASE WHEN length(cell) >= 10
         THEN CASE WHEN cell LIKE '____-__-__%' THEN try_cast(day_part(cell) AS DATE) END
       WHEN length(cell) = 8 AND regexp_full_match(cell, '[0-9]{8}')
         THEN try_cast(left(cell, 4) || '-' || substr(cell, 5, 2) || '-' || right(cell, 2) AS DATE)
       WHEN length(cell) = 7 THEN CASE WHEN cell LIKE '____-__' THEN try_cast(cell || '-01' AS DATE) END
       WHEN length(cell) = 4 THEN try_cast(cell || '-01-01' AS DATE)
  END;

CREATE OR REPLACE TEMP MACRO earliest_day(cell) AS
  CASE WHEN any_day(cell) BETWEEN DATE '1850-01-01' AND DATE '2199-12-31' THEN any_day(cell) END;

CREATE OR REPLACE TEMP MACRO latest_day(cell) AS
  CASE WHEN length(cell) >= 8 THEN earliest_day(cell)
       WHEN length(cell) = 7 THEN last_day(earliest_day(cell))
       WHEN length(cell) = 4 THEN last_day(earliest_day(cell) + INTERVAL 11 MONTH)
  END;

CREATE OR REPLACE TEMP MACRO means_no_end(cell) AS starts_with(cell, '9999') AND any_day(cell) IS NOT NULL;

CREATE OR REPLACE TEMP MACRO number_of(cell) AS
  CASE WHEN isfinite(try_cast(cell AS DOUBLE)) THEN try_cast(cell AS DOUBLE) END;

CREATE OR REPLACE TEMP MACRO count_of(cell) AS
  CASE WHEN number_of(cell) BETWEEN 1 AND 45000 AND number_of(cell) = floor(number_of(cell))
       THEN CAST(number_of(cell) AS BIGINT) END;

-- A percentage of improvement. A score that grew by more than five times its first value is a slip or a code.
CREATE OR REPLACE TEMP MACRO improvement_of(cell) AS
  CASE WHEN number_of(cell) BETWEEN -500 AND 100 THEN number_of(cell) END;

CREATE OR REPLACE TEMP MACRO truth_of(cell) AS
  CASE WHEN lower(cell) IN ('true', 'yes', '1') THEN TRUE WHEN lower(cell) IN ('false', 'no', '0') THEN FALSE END;

CREATE OR REPLACE TEMP MACRO name_key(cell) AS regexp_replace(lower(trim(cell)), '\s+', ' ', 'g');

CREATE OR REPLACE TEMP MACRO code_key(cell) AS upper(replace(trim(cell), '.', ''));
