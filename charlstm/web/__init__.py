"""A page that needs nothing but a browser: a model that writes and reads in it.

- `telling`: the units of a model that follow something in the text, found again for each page
- `fill`: one HTML file, made of a model and of the files beside this one

`page.html` and `page.css` are what can be seen. `page.js`, `writing.js` and `reading.js` run in the
page. `product.js`, `network.js`, `choose.js` and `worker.js` run in a worker beside it: the matrix
products, the cells, the choice of a letter, and the messages.
"""
