-- The telephone desk's order system, as its program keeps it: the SQLite file beside this one was made from this text,
--
--     rm -f orders.db && sqlite3 orders.db < orders.sql
--
-- and is committed as it is, like every other file of the demo's old systems: so the demo needs no tool to make it, and
-- everybody has the same bytes. A test compares the two.
CREATE TABLE ORDERS (
    ORDNO  INTEGER NOT NULL PRIMARY KEY,
    CUSTNO VARCHAR(6) NOT NULL,         -- the CRM's number, padded with zeros
    PLACED TIMESTAMP NOT NULL,          -- London's wall clock
    STATE  INTEGER NOT NULL,            -- 1 open, 2 shipped, 9 cancelled
    REF    VARCHAR(20)
);
CREATE INDEX ORDERS_CUSTNO ON ORDERS (CUSTNO);
CREATE TABLE ORDERLINES (
    ORDNO    INTEGER NOT NULL REFERENCES ORDERS,
    LINENO   INTEGER NOT NULL,
    [STOCK CODE] VARCHAR(8) NOT NULL,
    QTY      INTEGER NOT NULL,
    PRICE    DECIMAL(9,2) NOT NULL,
    PRIMARY KEY (ORDNO, LINENO)
);

INSERT INTO ORDERS VALUES
    (20001, '001003', '2026-02-26 09:12:00', 2, 'MARCH'),
    (20002, '001001', '2026-02-26 16:40:30', 2, NULL),
    (20003, '001007', '2026-03-02 08:05:00', 1, 'BERTH 4'),
    (20004, '001010', '2026-03-02 11:30:00', 9, NULL),
    (20005, '001008', '2026-03-03 10:00:00', 7, NULL);      -- BAD: a state that nobody told us of
INSERT INTO ORDERLINES VALUES
    (20001, 1, 'HW000101', 12, 11.50),
    (20001, 2, 'HW000120', 24, 3.20),
    (20002, 1, 'HW000103', 6, 5.10),
    (20003, 1, 'HW000180', 20, 36.50),
    (20003, 2, 'HW000110', 4, 29.50),
    (20003, 3, 'HW000160', 'some', 49.95),                  -- BAD: SQLite lets text into a column of numbers
    (20004, 1, 'HW000190', 2, 17.99);
