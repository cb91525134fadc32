from repo_server.database.engine import Database


def test_an_open_database_answers(database: Database) -> None:
    database.check()
