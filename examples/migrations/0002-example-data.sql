-- Example data, the same on every machine: 20 accounts, 60 products, 5 reviews of each product.

insert into shop.accounts (id, name)
select 'user-' || lpad(n::text, 2, '0'), names.name
from unnest(array[
  'Ada Moreau', 'Bilal Haddad', 'Chiara Conti', 'Daniel Okafor', 'Elif Demir',
  'Farid Rahimi', 'Greta Lindqvist', 'Hugo Alvarez', 'Ines Pereira', 'Jonas Weber',
  'Kavya Iyer', 'Liam Byrne', 'Mei Tanaka', 'Noah Fischer', 'Oksana Bondar',
  'Pablo Reyes', 'Qing Zhao', 'Rosa Jimenez', 'Sven Dahl', 'Talia Cohen'
]) with ordinality as names (name, n);

insert into shop.products (id, name, price_cents)
select
  'product-' || lpad(n::text, 2, '0'),
  (array['Oak', 'Walnut', 'Steel', 'Linen', 'Copper', 'Cork'])[1 + (n - 1) % 6] || ' ' ||
  (array['lamp', 'desk', 'chair', 'shelf', 'clock', 'mirror', 'bench', 'stool', 'tray', 'frame'])[1 + (n - 1) / 6],
  1900 + (n * 7919) % 48000
from generate_series(1, 60) as n;

insert into shop.reviews (id, product_id, author_id, rating, body)
select
  'review-' || lpad(n::text, 3, '0'),
  'product-' || lpad((1 + (n - 1) % 60)::text, 2, '0'),
  'user-' || lpad((1 + (n * 7 + n / 60) % 20)::text, 2, '0'),
  1 + (n * 3 + n / 60) % 5,
  (array[
    'Exactly what I was looking for.', 'Sturdy, and easy to put together.', 'Nice, but smaller than it looks.',
    'The colour differs from the picture.', 'Arrived late; worth the wait.', 'I have bought a second one.',
    'Good value for the price.'
  ])[1 + n % 7]
from generate_series(1, 300) as n;
