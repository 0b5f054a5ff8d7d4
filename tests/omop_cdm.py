"""A small OMOP CDM for the tests, and what writes it to a folder or a DuckDB file."""

from __future__ import annotations

from pathlib import Path

import duckdb

# A CDM 5.3: tablets below the ingredient sertraline (739138), a combination, an antibiotic, concept 0, ...
CDM: dict[str, str] = {
    "person": """
        person_id,gender_concept_id,year_of_birth,month_of_birth,day_of_birth,race_concept_id,ethnicity_concept_id
        1,8532,1970,5,17,0,0
        2,8507,1981,3,,0,0
        3,8551,1990,,,0,0""",
    "observation_period": """
        observation_period_id,person_id,observation_period_start_date,observation_period_end_date
        1,1,2019-01-01,2020-12-31
        2,2,2019-01-01,2020-12-31""",
    "drug_exposure": """
        drug_exposure_id,person_id,drug_concept_id,drug_exposure_start_date,drug_exposure_end_date,drug_type_concept_id,stop_reason,refills,quantity,days_supply,route_concept_id,drug_source_value
        11,1,900001,2020-01-01,2020-01-30,38000175,,0,60,30,4132161,a
        12,1,900001,2020-02-01,,38000177,Inefficacy,0,30,30,0,a
        13,1,900001,2020-03-01,2020-03-01,38000175,too expensive,2,30,30,0,a
        14,1,900001,2020-04-01,2020-04-30,38000175,,0,30000,30,0,a
        15,2,900002,2020-01-01,2020-01-30,38000175,,0,30,30,0,b
        16,2,0,2020-05-01,2020-05-30,38000175,,0,30,30,0,Zoloft 50
        17,2,0,2020-06-01,2020-06-30,38000175,,0,30,30,0,Zoloft 50
        18,2,900003,2020-01-01,2020-01-30,38000175,,0,30,30,0,c
        19,2,900004,2018-01-01,2018-01-30,999,,0,30,30,0,d""",
    "condition_occurrence": """
        condition_occurrence_id,person_id,condition_concept_id,condition_start_date,condition_end_date,condition_source_value,condition_source_concept_id
        21,1,432285,2020-01-01,2020-01-01,F332,700001
        22,1,900010,2020-02-01,2020-02-01,x,0
        23,2,0,2020-03-01,2020-03-01,F33.9,0
        24,2,900012,2020-03-01,2020-03-01,y,0""",
    "procedure_occurrence": """
        procedure_occurrence_id,person_id,procedure_concept_id,procedure_date,quantity,procedure_source_value,procedure_source_concept_id
        31,1,900020,2020-02-10,1,GZB4ZZZ,900020
        32,1,0,2020-02-12,,90870,0""",
    "measurement": """
        measurement_id,person_id,measurement_concept_id,measurement_date,operator_concept_id,value_as_number,unit_concept_id,measurement_source_value,measurement_source_concept_id,unit_source_value,value_source_value
        41,1,3042932,2020-01-01,4172703,19,0,phq,0,{score},19
        42,1,3020460,2020-01-01,4171756,0.3,8751,crp,0,mg/l,<0.3
        43,1,0,2020-01-02,,,0,1988-5,0,mg/L,2.5
        44,1,3020460,2020-01-03,,,0,crp,0,mg/L,haemolysed""",
    "observation": """
        observation_id,person_id,observation_concept_id,observation_date,value_as_number,value_as_string,value_as_concept_id,unit_concept_id,observation_source_value,observation_source_concept_id
        51,1,3042932,2020-02-01,12,,0,0,phq,0
        52,1,0,2020-02-01,,No,4188540,0,Family history of bipolar disorder,0
        53,1,0,2020-02-01,,,0,0,shoe size,0""",
    "concept": """
        concept_id,concept_name,domain_id,vocabulary_id,concept_class_id,standard_concept,concept_code
        739138,sertraline,Drug,RxNorm,Ingredient,S,36437
        900001,sertraline 50 MG Oral Tablet,Drug,RxNorm,Clinical Drug,S,312941
        900002,amitriptyline hydrochloride 25 MG / perphenazine 2 MG Oral Tablet,Drug,RxNorm,Clinical Drug,S,1
        900003,24 HR venlafaxine 150 MG Extended Release Oral Capsule,Drug,RxNorm,Clinical Drug,S,2
        900004,amoxicillin 500 MG Oral Capsule,Drug,RxNorm,Clinical Drug,S,3
        900010,Recurrent depression in a cold winter,Condition,SNOMED,Clinical Finding,S,4
        900012,Fracture of wrist,Condition,SNOMED,Clinical Finding,S,5
        700001,"Major depressive disorder, recurrent severe",Condition,ICD10CM,ICD10 code,,F33.2
        900020,"Electroconvulsive Therapy, Bilateral-Multiple Seizure",Procedure,ICD10PCS,ICD10PCS,S,GZB4ZZZ
        8751,milligram per liter,Unit,UCUM,Unit,S,mg/L""",
    "concept_ancestor": """
        ancestor_concept_id,descendant_concept_id,min_levels_of_separation,max_levels_of_separation
        739138,900001,2,2
        900001,900001,0,0
        710062,900002,2,2
        766529,900002,2,2
        743670,900003,2,2
        1713332,900004,2,2
        432285,900010,1,1
        440383,900010,3,3
        75053,900012,2,2""",
    "drug_strength": """
        drug_concept_id,ingredient_concept_id,amount_value,amount_unit_concept_id,numerator_value,numerator_unit_concept_id,denominator_value,denominator_unit_concept_id,invalid_reason
        900001,739138,50,8576,,,,,
        900002,710062,25000,9655,,,,,
        900003,743670,0.15,8504,,,,,""",
}


def write_folder(folder: Path, tables: dict[str, str]) -> Path:
    folder.mkdir()
    for name, text in tables.items():
        lines = [line.strip() for line in text.strip().splitlines()]
        (folder / f"{name}.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder


def write_database(path: Path, tables: dict[str, str], folder: Path, schema: str = "main") -> Path:
    with duckdb.connect(str(path)) as database:
        database.execute(f'CREATE SCHEMA IF NOT EXISTS "{schema}"')
        for file in sorted(write_folder(folder, tables).iterdir()):
            database.execute(f"CREATE TABLE \"{schema}\".{file.stem} AS FROM read_csv('{file}')")
    return path


def drop_column(table: str, *columns: str) -> str:
    lines = [line.strip() for line in CDM[table].strip().splitlines()]
    header = lines[0].split(",")
    keep = [place for place, name in enumerate(header) if name not in columns]
    return "\n".join(",".join(line.split(",")[place] for place in keep) for line in lines)


def rows(connection: duckdb.DuckDBPyConnection, table: str, columns: str) -> list[tuple[object, ...]]:
    return connection.execute(f"SELECT {columns} FROM raw.{table} ORDER BY ALL").fetchall()


def unread(connection: duckdb.DuckDBPyConnection, source: str) -> list[tuple[str, str, str]]:
    return connection.execute(
        "SELECT field, value, reason FROM record.unread WHERE source = ?", [source]
    ).fetchall()


def meaning(connection: duckdb.DuckDBPyConnection, system: str, code: str) -> str:
    """The name that the knowledge gives a condition code."""
    [(name,)] = connection.execute(
        "SELECT condition FROM knowledge.condition_code WHERE system = ? AND code = ?", [system, code]
    ).fetchall()
    return str(name)
