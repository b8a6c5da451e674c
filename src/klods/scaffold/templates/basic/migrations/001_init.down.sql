DROP TABLE sample_table_items;
